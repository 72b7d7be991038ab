use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_restart_type_decides_by_the_end() {
    // E3
    let failures = [
        ExitReason::Killed,
        ExitReason::Failed(String::new()),
        ExitReason::StartTimeout,
        ExitReason::Unresponsive,
    ];
    let peaceful = [ExitReason::Normal, ExitReason::Shutdown];
    for reason in failures.iter().chain(&peaceful) {
        assert!(Restart::Permanent.wants(reason));
        assert!(!Restart::Temporary.wants(reason));
        assert_eq!(
            Restart::Transient.wants(reason),
            failures.contains(reason),
            "{reason:?}"
        );
    }
}

#[test]
fn the_window_slides_and_its_edge_counts() {
    // E5
    let start = Instant::now();
    let mut intensity = Intensity::new(2, 5 * SECOND);
    assert!(intensity.handle_failure(start));
    assert!(intensity.handle_failure(start + SECOND));
    assert!(
        !intensity.clone().handle_failure(start + 5 * SECOND),
        "the failure at the edge still counts"
    );
    assert!(intensity.handle_failure(start + 5 * SECOND + Duration::from_nanos(1)));
    assert!(!intensity.handle_failure(start + 6 * SECOND));
}

#[test]
fn an_intensity_of_zero_allows_no_restart() {
    // E5
    assert!(!Intensity::new(0, SECOND).handle_failure(Instant::now()));
}

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
