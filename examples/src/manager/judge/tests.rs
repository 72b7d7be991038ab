use super::*;

fn entry(client: u16, operation: u64) -> Entry {
    Entry { client, operation }
}

fn write(key: u16, write: u64, value: Entry) -> (u16, Written) {
    (key, Written { write, value })
}

/// Two clients that wrote under the same key, the second one last.
fn done() -> Vec<Deeds> {
    let first = Deeds {
        added: 3,
        appended: vec![entry(1, 0), entry(1, 1)],
        written: vec![write(5, 1, entry(1, 0)), write(6, 3, entry(1, 1))],
        pid: 1,
    };
    let second = Deeds {
        added: 1,
        appended: vec![entry(2, 0)],
        written: vec![write(5, 2, entry(2, 0))],
        pid: 2,
    };
    vec![first, second]
}

fn found() -> Found {
    Found {
        total: 4,
        items: vec![entry(1, 0), entry(2, 0), entry(1, 1)],
        entries: [write(5, 2, entry(2, 0)), write(6, 3, entry(1, 1))].into(),
    }
}

#[track_caller]
fn check(found: &Found, fault: &str) {
    let faults = faults(&done(), found);

    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains(fault), "{faults:?}");
}

#[test]
fn objects_that_hold_what_was_done_have_no_fault() {
    assert_eq!(faults(&done(), &found()), Vec::<String>::new());
    assert_eq!(faults(&[], &Found::default()), Vec::<String>::new());
}

#[test]
fn an_update_that_was_lost_is_found() {
    check(
        &Found {
            total: 3,
            ..found()
        },
        "the counter holds 3",
    );
}

#[test]
fn an_item_that_is_missing_wrong_doubled_or_out_of_order_is_found() {
    let with = |items: &[Entry]| Found {
        items: items.to_vec(),
        ..found()
    };

    check(&with(&[entry(1, 0), entry(1, 1)]), "2 items");
    check(
        &with(&[entry(1, 0), entry(1, 1), entry(2, 1)]),
        "not the 3 that were appended",
    );
    let doubled = faults(&done(), &with(&[entry(1, 0), entry(1, 1), entry(1, 1)]));
    assert_eq!(doubled.len(), 2, "{doubled:?}");
    check(
        &with(&[entry(1, 1), entry(1, 0), entry(2, 0)]),
        "out of order",
    );
}

#[test]
fn a_write_that_does_not_stand_although_it_was_the_last_is_found() {
    let mut stale = found();
    stale.entries.extend([write(5, 1, entry(1, 0))]);

    check(&stale, "last write");
}

#[test]
fn two_writes_with_one_number_are_found() {
    let mut deeds = done();
    deeds[1].written[0].1.write = 1;
    let mut found = found();
    found.entries.extend([write(5, 1, entry(1, 0))]);

    assert_eq!(
        faults(&deeds, &found),
        ["the writes are not numbered one by one"]
    );
}
