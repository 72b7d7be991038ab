use super::*;

fn args() -> Args {
    Args {
        items: 0,
        bound: 4,
        pause_ms: 0,
        snapshot: false,
    }
}

fn seen() -> Seen {
    Seen {
        made: 0,
        most_alive: 11,
        longest_queue: 4,
        arrivals: Arrivals::default(),
        interrupted: false,
    }
}

#[test]
fn full_queues_and_full_hands_are_within_the_bound() {
    assert_eq!(faults(&args(), &seen()), Vec::<String>::new());
}

#[test]
fn a_queue_beyond_its_bound_breaks_the_invariant() {
    let seen = Seen {
        longest_queue: 5,
        ..seen()
    };

    assert_eq!(faults(&args(), &seen), ["a queue was 5 long"]);
}

#[test]
fn an_item_too_many_in_memory_breaks_the_invariant() {
    let seen = Seen {
        most_alive: 12,
        ..seen()
    };

    assert_eq!(faults(&args(), &seen), ["12 items were in memory"]);
}

#[test]
fn an_item_that_did_not_arrive_breaks_the_invariant_also_of_a_run_that_was_interrupted() {
    let args = Args { items: 2, ..args() };
    let whole = Seen { made: 2, ..seen() };
    let interrupted = Seen {
        made: 1,
        interrupted: true,
        ..seen()
    };

    assert_eq!(faults(&args, &whole), ["2 of 2 items were made, 0 arrived"]);
    assert_eq!(
        faults(&args, &interrupted),
        ["1 of 1 items were made, 0 arrived"]
    );
}
