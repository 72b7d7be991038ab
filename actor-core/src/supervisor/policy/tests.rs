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
