use super::*;

#[track_caller]
fn check_fault(record: &Record, part: &str) {
    assert!(
        record.faults().iter().any(|fault| fault.contains(part)),
        "{part:?} is missing in {:?}",
        record.faults()
    );
}

fn counted_down(from: u32) -> Record {
    let mut record = Record::new(1, from);
    for number in (0..=from).rev() {
        record.handle_step(0, number);
    }
    record
}

#[test]
fn whole_countdowns_and_normal_exits_in_any_mixture_are_complete_and_without_fault() {
    let mut record = Record::new(2, 1);
    for (worker, number) in [(1, 1), (0, 1), (1, 0)] {
        record.handle_step(worker, number);
    }
    record.handle_exit(1, None);
    assert!(!record.is_complete());
    record.handle_step(0, 0);
    record.handle_exit(0, None);

    assert!(record.is_complete());
    assert_eq!((record.ended(), record.steps()), (2, 4));
    assert!(record.faults().is_empty(), "{:?}", record.faults());
}

#[test]
fn numbers_out_of_order_are_a_fault() {
    let mut record = Record::new(1, 3);
    record.handle_step(0, 3);
    record.handle_step(0, 1);

    check_fault(&record, "worker 1 told 1 in place of Some(2)");
}

#[test]
fn an_exit_before_the_last_number_is_a_fault_and_so_is_the_number_behind_it() {
    let mut record = Record::new(1, 1);
    record.handle_step(0, 1);
    record.handle_exit(0, None);
    record.handle_step(0, 0);

    check_fault(&record, "ended after 1 of 2 numbers");
    check_fault(&record, "told 0 behind its exit");
}

#[test]
fn a_second_exit_is_a_fault() {
    let mut record = counted_down(2);
    record.handle_exit(0, None);
    record.handle_exit(0, None);

    check_fault(&record, "ended 2 times");
    assert_eq!(record.ended(), 1);
}

#[test]
fn an_exit_with_a_failure_is_a_fault() {
    let mut record = counted_down(0);
    record.handle_exit(0, Some("panicked".to_owned()));

    check_fault(&record, "panicked");
}
