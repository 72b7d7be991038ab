use actor_core::Delivery;

use super::Tally;

fn tally(deliveries: &[Delivery<u64>]) -> Tally {
    let mut tally = Tally::default();
    deliveries
        .iter()
        .for_each(|delivery| tally.handle_delivery(delivery));
    tally
}

#[test]
fn numbers_and_gaps_in_their_places_are_no_fault() {
    let tally = tally(&[Delivery::Item(0), Delivery::Missed(3), Delivery::Item(4)]);

    assert_eq!(
        (tally.heard(), tally.missed(), tally.accounted()),
        (2, 3, 5)
    );
    assert_eq!(tally.faults(), [""; 0]);
}

#[test]
fn a_gap_that_was_not_told_is_a_fault() {
    let tally = tally(&[Delivery::Item(0), Delivery::Item(2)]);

    assert_eq!(tally.faults(), ["2 in place of 1"]);
}

#[test]
fn a_number_that_comes_twice_is_a_fault() {
    let tally = tally(&[Delivery::Item(0), Delivery::Item(0)]);

    assert_eq!(tally.faults(), ["0 in place of 1"]);
}
