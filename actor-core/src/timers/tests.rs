use super::*;

const MS: Duration = Duration::from_millis(1);

#[track_caller]
fn check(missed: MissedTicks, late_ms: u32, next_ms: u32) {
    let due = Instant::now();
    assert_eq!(
        next_tick(due, due + late_ms * MS, 10 * MS, missed),
        due + next_ms * MS,
        "{missed:?}"
    );
}

#[test]
fn an_interval_keeps_its_rhythm() {
    // G3
    check(MissedTicks::Skip, 0, 10);
    check(MissedTicks::Skip, 3, 10);
    check(MissedTicks::Skip, 10, 20);
    check(MissedTicks::Skip, 35, 40);
    check(MissedTicks::Burst, 35, 10);
    check(MissedTicks::Delay, 35, 45);
}

#[test]
fn the_same_key_replaces_and_cancel_tells_whether_there_was_one() {
    // G1, G2
    let mut timers = Timers::new();
    let count = Gauge::default();
    let at = Instant::now();
    timers.set_once("a".into(), at, 1, &count);
    timers.set_once("a".into(), at, 2, &count);
    timers.set_once(7.into(), at, 3, &count);

    assert_eq!(timers.len(), 2);
    assert!(timers.cancel(&"a".into()));
    assert!(!timers.cancel(&"a".into()));
    assert_eq!((timers.len(), count.count()), (1, 1));
    drop(timers);
    assert_eq!(count.count(), 0);
}
