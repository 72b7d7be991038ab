use super::{LIMIT, Seen};

/// The looks, counted from one, that are worth a report.
fn reports(looks: impl IntoIterator<Item = (u64, bool)>) -> Vec<u32> {
    let mut seen = Seen::default();
    let reported = looks
        .into_iter()
        .filter_map(|(step, is_polling)| seen.handle_look(step, is_polling));
    reported.collect()
}

#[test]
fn one_that_stays_in_a_step_is_reported_at_the_limit_and_when_the_time_has_doubled() {
    let stuck = (0..4 * LIMIT + 1).map(|_| (7, true));
    assert_eq!(reports(stuck), [LIMIT, 2 * LIMIT, 4 * LIMIT]);
}

#[test]
fn one_that_gets_on_is_not_reported() {
    assert_eq!(reports((0..100).map(|step| (step, true))), []);
}

#[test]
fn one_that_waits_for_something_outside_is_not_reported() {
    assert_eq!(reports((0..100).map(|_| (7, false))), []);
}

#[test]
fn a_step_that_ends_begins_the_time_anew() {
    let first = (0..LIMIT).map(|_| (7, true));
    let second = (0..LIMIT).map(|_| (8, true));
    assert_eq!(reports(first.chain(second)), []);
}
