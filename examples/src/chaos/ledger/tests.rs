use super::*;

const ENTRY: Entry = Entry {
    pool: "threads",
    deed: Deed::Quick,
    is_repeatable: false,
    is_called_off: false,
    is_awaited: true,
    has_callback: true,
    expires: false,
    key: None,
};

fn told(kind: Kind, may_have_run: bool) -> Told {
    Told {
        kind,
        may_have_run,
        text: format!("{kind:?}"),
    }
}

/// What comes of one job to which this happens.
fn account(entry: Entry, happens: impl FnOnce(&mut Ledger)) -> Account {
    let mut ledger = Ledger::default();
    ledger.enter(1, entry);
    happens(&mut ledger);
    ledger.close()
}

/// An outcome that handle and callback agree about, of a job that began so often.
fn ends(entry: Entry, kind: Kind, may_have_run: bool, begun: u32) -> Account {
    account(entry, |ledger| {
        (0..begun).for_each(|_| ledger.begin(1));
        ledger.tell(1, told(kind, may_have_run));
        ledger.call(1, kind);
    })
}

/// How many jobs are lost, doubled and at fault.
fn marks(account: &Account) -> (usize, usize, usize) {
    (
        account.lost.len(),
        account.duplicates.len(),
        account.faults.len(),
    )
}

#[test]
fn a_job_with_one_outcome_that_fits_is_in_order() {
    let account = ends(ENTRY, Kind::Done, true, 1);

    assert_eq!(marks(&account), (0, 0, 0));
    assert_eq!((account.jobs, account.count(Kind::Done)), (1, 1));
    assert_eq!(account.dealt(Deed::Quick), 1);
}

#[test]
fn a_job_without_an_outcome_is_lost() {
    let account = account(ENTRY, |ledger| ledger.begin(1));

    assert_eq!(marks(&account), (1, 0, 0));
    assert!(account.lost[0].contains("job 1 (threads, quick)"));
}

#[test]
fn a_second_outcome_or_callback_is_a_duplicate() {
    let twice_told = account(ENTRY, |ledger| {
        ledger.tell(1, told(Kind::Shutdown, false));
        ledger.tell(1, told(Kind::Shutdown, false));
        ledger.call(1, Kind::Shutdown);
    });
    let twice_called = account(ENTRY, |ledger| {
        ledger.tell(1, told(Kind::Shutdown, false));
        ledger.call(1, Kind::Shutdown);
        ledger.call(1, Kind::Shutdown);
    });

    assert_eq!(marks(&twice_told), (0, 1, 0));
    assert_eq!(marks(&twice_called), (0, 1, 0));
}

#[test]
fn only_a_job_that_is_repeatable_may_run_twice() {
    let repeatable = Entry {
        is_repeatable: true,
        ..ENTRY
    };

    assert_eq!(marks(&ends(ENTRY, Kind::Done, true, 2)), (0, 1, 0));
    assert_eq!(marks(&ends(repeatable, Kind::Done, true, 2)), (0, 0, 0));
}

#[test]
fn an_outcome_that_says_it_never_ran_is_held_to_it() {
    assert_eq!(marks(&ends(ENTRY, Kind::WorkerLost, false, 1)), (0, 0, 1));
    assert_eq!(marks(&ends(ENTRY, Kind::WorkerLost, false, 0)), (0, 0, 0));
    assert_eq!(marks(&ends(ENTRY, Kind::WorkerLost, true, 1)), (0, 0, 0));
    // It was killed before it could note that it began.
    assert_eq!(marks(&ends(ENTRY, Kind::WorkerLost, true, 0)), (0, 0, 0));
}

#[test]
fn a_result_of_a_job_that_never_began_is_a_fault() {
    assert_eq!(marks(&ends(ENTRY, Kind::Done, true, 0)), (0, 0, 1));
}

#[test]
fn a_handle_and_a_callback_that_disagree_are_a_fault() {
    let account = account(ENTRY, |ledger| {
        ledger.begin(1);
        ledger.tell(1, told(Kind::Done, true));
        ledger.call(1, Kind::WorkerLost);
    });

    assert_eq!(marks(&account), (0, 0, 1));
}

#[test]
fn a_handle_that_is_let_go_leaves_the_word_to_the_callback() {
    let forgotten = Entry {
        is_awaited: false,
        ..ENTRY
    };
    let called = account(forgotten, |ledger| {
        ledger.begin(1);
        ledger.call(1, Kind::Done);
    });

    assert_eq!(marks(&called), (0, 0, 0));
    assert_eq!(called.count(Kind::Done), 1);
    assert_eq!(marks(&account(forgotten, |_| ())), (1, 0, 0));
}

#[test]
fn an_item_of_a_map_has_no_callback_and_needs_its_result() {
    let item = Entry {
        has_callback: false,
        ..ENTRY
    };
    let told = account(item, |ledger| {
        ledger.begin(1);
        ledger.tell(1, told(Kind::Done, true));
    });

    assert_eq!(marks(&told), (0, 0, 0));
    assert_eq!(marks(&account(item, |_| ())), (1, 0, 0));
}

#[test]
fn what_cancel_says_is_what_becomes_of_the_job() {
    let called_off = Entry {
        is_called_off: true,
        ..ENTRY
    };
    let outcome = |kind, said, begun: u32| {
        account(called_off, |ledger| {
            (0..begun).for_each(|_| ledger.begin(1));
            ledger.cancelled(1, said);
            ledger.tell(1, told(kind, begun > 0));
            ledger.call(1, kind);
        })
    };

    assert_eq!(marks(&outcome(Kind::Cancelled, true, 0)), (0, 0, 0));
    assert_eq!(marks(&outcome(Kind::Done, false, 1)), (0, 0, 0));
    assert_eq!(marks(&outcome(Kind::Done, true, 1)), (0, 0, 1));
    assert_eq!(marks(&outcome(Kind::Cancelled, false, 0)), (0, 0, 1));
}

#[test]
fn a_refusal_has_no_callback() {
    let account = account(ENTRY, |ledger| ledger.tell(1, told(Kind::Refused, false)));

    assert_eq!(marks(&account), (0, 0, 0));
}

#[test]
fn an_outcome_that_the_job_cannot_come_to_is_a_fault() {
    let of = |deed| Entry { deed, ..ENTRY };
    for (deed, kind) in [
        (Deed::Quick, Kind::Panicked),
        (Deed::Quick, Kind::Cancelled),
        (Deed::Quick, Kind::Aborted),
        (Deed::Quick, Kind::Expired),
        (Deed::Quick, Kind::Quarantined),
        (Deed::Quick, Kind::Codec),
        (Deed::Slow, Kind::TooLarge),
        (Deed::Panic, Kind::Done),
        (Deed::Bulk, Kind::Link),
        (Deed::Quick, Kind::Strange),
    ] {
        assert_eq!(marks(&ends(of(deed), kind, true, 1)), (0, 0, 1), "{deed}");
    }
    for (deed, kind) in [
        (Deed::Panic, Kind::Panicked),
        (Deed::Garbled, Kind::Codec),
        (Deed::BigResult, Kind::TooLarge),
        (Deed::Quick, Kind::TimeLimit),
    ] {
        assert_eq!(marks(&ends(of(deed), kind, true, 1)), (0, 0, 0), "{deed}");
    }
}

#[test]
fn what_belongs_to_no_job_is_a_fault() {
    let account = account(ENTRY, |ledger| {
        ledger.begin(1);
        ledger.tell(1, told(Kind::Done, true));
        ledger.call(1, Kind::Done);
        ledger.begin(2);
        ledger.tell(3, told(Kind::Done, true));
        ledger.call(4, Kind::Done);
        ledger.enter(1, ENTRY);
    });

    assert_eq!(account.faults.len(), 4);
}

#[test]
fn accounts_add_up() {
    let mut sum = ends(ENTRY, Kind::Done, true, 1);
    sum.add(ends(ENTRY, Kind::Done, true, 1));
    sum.add(account(ENTRY, |_| ()));

    assert_eq!((sum.jobs, sum.count(Kind::Done)), (3, 2));
    assert_eq!((sum.lost.len(), sum.dealt(Deed::Quick)), (1, 3));
}

#[test]
fn jobs_of_one_key_begin_in_their_order() {
    let check = |begun: &[u64], faults: usize| {
        let mut ledger = Ledger::default();
        // Two of each key, and two of another pool.
        for (job, pool, key) in [
            (1, "threads", "odd"),
            (2, "threads", "even"),
            (3, "threads", "odd"),
            (4, "threads", "even"),
            (5, "mixed", "odd"),
            (6, "mixed", "odd"),
        ] {
            let key = Some(key);
            let is_repeatable = true;
            let entry = Entry {
                pool,
                key,
                is_repeatable,
                ..ENTRY
            };
            ledger.enter(job, entry);
            ledger.tell(job, told(Kind::WorkerLost, true));
            ledger.call(job, Kind::WorkerLost);
        }
        begun.iter().for_each(|job| ledger.begin(*job));
        assert_eq!(marks(&ledger.close()), (0, 0, faults), "{begun:?}");
    };

    check(&[1, 2, 3, 4, 5, 6], 0);
    check(&[5, 2, 1, 3, 6, 4], 0);
    // Tried again, or never begun.
    check(&[1, 1, 3, 3, 6], 0);
    check(&[3, 1, 2, 4], 1);
    check(&[1, 3, 1], 1);
    check(&[6, 5, 4, 2], 2);
}
