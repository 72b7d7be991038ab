use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn delays_grow_to_the_cap() {
    // E8
    let backoff = Backoff::exponential(SECOND, 5 * SECOND);
    let delays: Vec<u64> = (0..5).map(|n| backoff.delay(n, 0.5).as_secs()).collect();
    assert_eq!(delays, [1, 2, 4, 5, 5]);
    assert_eq!(backoff.delay(u32::MAX, 0.5), 5 * SECOND);
}

#[test]
fn jitter_stays_within_its_share_and_the_cap() {
    // E8
    let backoff = Backoff::exponential(4 * SECOND, 8 * SECOND).jitter(0.5);
    assert_eq!(backoff.delay(0, 0.0), 2 * SECOND);
    assert_eq!(backoff.delay(0, 1.0), 6 * SECOND);
    assert_eq!(backoff.delay(9, 1.0), 8 * SECOND);
}

#[test]
fn delays_at_the_ends_of_the_range_are_delays() {
    // E8
    assert_eq!(
        Backoff::constant(Duration::MAX).delay(0, 0.5),
        Duration::MAX
    );
    assert_eq!(
        Backoff::exponential(Duration::ZERO, SECOND).delay(u32::MAX, 0.5),
        Duration::ZERO
    );
}
