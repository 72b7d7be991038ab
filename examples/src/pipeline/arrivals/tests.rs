use std::sync::Arc;

use super::*;
use crate::pipeline::gauge::Gauge;

fn inverted(number: u64) -> Item {
    let mut item = Item::new(number, &Arc::default());
    item.invert();
    item
}

#[test]
fn items_that_come_in_order_and_once_have_no_fault() {
    let mut arrivals = Arrivals::default();
    for number in 0..3 {
        arrivals.handle_item(&inverted(number));
    }

    assert_eq!(arrivals.count(), 3);
    assert!(arrivals.faults().is_empty(), "{:?}", arrivals.faults());
}

#[test]
fn an_item_that_is_missing_or_comes_again_is_named() {
    let mut arrivals = Arrivals::default();
    for number in [0, 2, 2] {
        arrivals.handle_item(&inverted(number));
    }

    assert_eq!(arrivals.faults(), ["item 2 in place of 1"]);
}

#[test]
fn an_item_that_passed_by_the_middle_is_named() {
    let mut arrivals = Arrivals::default();

    arrivals.handle_item(&Item::new(0, &Arc::default()));

    assert_eq!(arrivals.faults(), ["item 0 is not as the middle left it"]);
}

#[test]
fn the_gauge_knows_the_most_items_that_there_were_at_once() {
    let gauge = Arc::<Gauge>::default();
    let first = Item::new(0, &gauge);
    let second = Item::new(1, &gauge);
    drop((first, second));
    drop(Item::new(2, &gauge));

    assert_eq!((gauge.made(), gauge.most_alive()), (3, 2));
}
