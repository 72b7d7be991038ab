use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_deadline_is_never_early_and_fires_once() {
    // B4
    let start = Instant::now();
    let mut table = Deadlines::new();
    table.add(SECOND, "late");

    assert!(table.sweep(start).is_empty());
    assert!(
        table
            .sweep(start + SECOND - Duration::from_nanos(1))
            .is_empty()
    );
    assert_eq!(table.sweep(start + SECOND), ["late"]);
    assert!(table.is_empty());
}

#[test]
fn a_young_deadline_starts_at_the_sweep_that_sees_it() {
    // B4
    let start = Instant::now();
    let mut table = Deadlines::new();
    let key = table.add(SECOND, ());

    assert_eq!(table.remaining(key, start), Some(SECOND));
    table.sweep(start + SECOND);
    assert_eq!(table.next_due(), Some(start + SECOND + SECOND));
    assert_eq!(table.remaining(key, start + SECOND), Some(SECOND));
}

#[test]
fn removal_works_in_every_place_and_stale_keys_are_ignored() {
    let start = Instant::now();
    let mut table = Deadlines::new();
    let keys: Vec<Key> = (0..5).map(|n| table.add(SECOND, n)).collect();

    assert_eq!(table.remove(keys[2]), Some(2));
    assert_eq!(table.remove(keys[2]), None);
    assert_eq!(table.remove(keys[4]), Some(4));
    assert_eq!(table.remove(keys[0]), Some(0));
    table.sweep(start);
    assert_eq!(table.remove(keys[1]), Some(1));
    let again = table.add(SECOND, 9);
    assert_eq!(table.remove(keys[1]), None);
    assert_eq!(Key::from_bits(again.to_bits()), again);
    assert_eq!(table.sweep(start + SECOND), [3]);
    assert_eq!(table.remove(again), Some(9));
    assert!(table.is_empty());
}

#[test]
fn what_is_due_comes_out_earliest_first() {
    let start = Instant::now();
    let mut table = Deadlines::new();
    table.add(3 * SECOND, 3);
    table.add(SECOND, 1);
    table.add(2 * SECOND, 2);
    table.sweep(start);

    assert_eq!(table.sweep(start + 10 * SECOND), [1, 2, 3]);
}
