use super::*;

fn done(number: u64, worker: u32) -> Done {
    Done {
        number,
        worker,
        is_long: false,
        took: Duration::from_millis(number),
    }
}

/// A router of two workers that handled these messages.
fn record(policy: Policy, sent: u64, handled: &[(u64, u32)]) -> Record {
    Record {
        policy,
        workers: 2,
        sent,
        noted: Noted {
            done: handled
                .iter()
                .map(|&(number, worker)| done(number, worker))
                .collect(),
            failed: Vec::new(),
        },
        longest_queue: 0,
        restarts: 0,
        faults: Vec::new(),
    }
}

#[track_caller]
fn check(policy: Policy, sent: u64, handled: &[(u64, u32)], faults: usize) {
    let found = record(policy, sent, handled).faults();
    assert_eq!(found.len(), faults, "{found:?}");
}

#[test]
fn each_message_is_handled_exactly_once() {
    check(Policy::SharedQueue, 3, &[(0, 1), (2, 1), (1, 2)], 0);
    check(Policy::SharedQueue, 3, &[(0, 1), (2, 1)], 1);
    check(Policy::SharedQueue, 3, &[(0, 1), (2, 1), (1, 2), (1, 1)], 1);
    check(Policy::SharedQueue, 1, &[(0, 1), (1, 1)], 1);
    check(Policy::Random, 0, &[], 0);
}

#[test]
fn a_broadcast_message_is_handled_once_by_each() {
    check(Policy::Broadcast, 1, &[(0, 1), (0, 2)], 0);
    check(Policy::Broadcast, 1, &[(0, 1)], 1);
    check(Policy::Broadcast, 1, &[(0, 1), (0, 1)], 1);
}

#[test]
fn turns_are_even_to_the_message() {
    check(Policy::RoundRobin, 3, &[(0, 1), (1, 2), (2, 1)], 0);
    check(Policy::RoundRobin, 3, &[(0, 1), (1, 1), (2, 1)], 1);
    check(Policy::Random, 3, &[(0, 1), (1, 1), (2, 1)], 0);
}

#[test]
fn one_worker_has_a_key_and_in_order() {
    // The number 32 has the key of 0.
    assert_eq!(key_of(0), key_of(32));
    let with = |more: &[(u64, u32)]| {
        let others = (1..32).map(|number| (number, 2));
        let mut all: Vec<(u64, u32)> = others.collect();
        all.extend(more);
        all
    };

    check(Policy::ConsistentHash, 33, &with(&[(0, 1), (32, 1)]), 0);
    check(Policy::ConsistentHash, 33, &with(&[(0, 1), (32, 2)]), 1);
    check(Policy::ConsistentHash, 33, &with(&[(32, 1), (0, 1)]), 1);
    check(Policy::LeastLoaded, 33, &with(&[(32, 1), (0, 2)]), 0);
}

#[test]
fn a_message_that_a_worker_failed_at_is_accounted_for_and_there_are_few() {
    let with_failed = |failed: &[u64]| {
        let handled = (0..10).filter(|number| !failed.contains(number));
        let handled: Vec<(u64, u32)> = handled.map(|number| (number, 2)).collect();
        let mut record = record(Policy::OneFails, 10, &handled);
        record.noted.failed = failed.to_vec();
        record.faults().len()
    };

    assert_eq!(with_failed(&[3]), 0);
    assert_eq!(with_failed(&[1, 2, 3, 4, 5]), 0);
    assert_eq!(with_failed(&[1, 2, 3, 4, 5, 6]), 1);
}

#[test]
fn percentiles_are_those_of_the_short_messages() {
    let mut record = record(Policy::Random, 0, &[(1, 1), (2, 1), (3, 1), (4, 1)]);
    record.noted.done.push(Done {
        is_long: true,
        ..done(900, 1)
    });

    assert_eq!(record.percentile(50), Duration::from_millis(3));
    assert_eq!(record.percentile(99), Duration::from_millis(4));
    record.noted.done.clear();
    assert_eq!(record.percentile(50), Duration::ZERO);
}
