//! The histogram on its own.

use super::*;

#[test]
fn every_duration_has_a_bucket_whose_upper_bound_is_at_most_a_quarter_above() {
    let numbers =
        (0..64).flat_map(|log| [1u64 << log, (1 << log) + (1 << log) / 3, (1 << log) - 1]);
    for nanos in numbers.chain([u64::MAX]) {
        let bound = upper(bucket(nanos));
        assert!(bound >= nanos, "{nanos}");
        assert!(bound - nanos <= nanos / 4, "{nanos} {bound}");
    }
}

#[test]
fn buckets_follow_each_other_without_gap() {
    for place in 0..BUCKETS - 1 {
        assert_eq!(bucket(upper(place)), place);
        assert_eq!(bucket(upper(place) + 1), place + 1);
    }
}

#[test]
fn the_quantiles_of_a_hundred_are_those_of_the_ranks() {
    let mut histogram = Histogram::new();
    (1..=99).for_each(|_| histogram.record(Duration::from_micros(1)));
    histogram.record(Duration::from_secs(1));

    assert!(histogram.p50() < Duration::from_micros(2));
    assert!(histogram.p99() < Duration::from_micros(2));
    assert!(histogram.quantile(1.0) >= Duration::from_secs(1));
    assert_eq!(histogram.count(), 100);
}

#[test]
fn nothing_counted_is_no_time() {
    let histogram = Histogram::new();
    assert_eq!(
        (histogram.p99(), histogram.mean()),
        (Duration::ZERO, Duration::ZERO)
    );
}
