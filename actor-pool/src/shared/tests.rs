//! What is shared, without workers and without a runtime.

use super::*;
use crate::Job;
use crate::dispatch::{Needs, Terms};
use crate::task::Call;

const SQUARE: Job<u64, u64> = Job::new("square/v1", |number| number * number);
const CAPACITY: usize = 8;

fn offer() -> Offer<AnyTask> {
    Offer {
        job: Arc::new(Call::new(SQUARE, 3, false)),
        needs: Needs::Any,
        terms: Terms::default(),
        items: 1,
    }
}

// P8
#[test]
fn a_moment_for_those_who_wait_is_forgotten_when_the_last_of_them_leaves() {
    let shared = Shared::new(Limits {
        capacity: CAPACITY,
        overflow: Overflow::Wait,
        rate: None,
    });
    let keys: Vec<Key> = (0..CAPACITY)
        .map(|_| shared.offer(offer()).expect("there is room"))
        .collect();
    let mut ticket = None;
    let mut cx = Context::from_waker(Waker::noop());
    assert!(shared.poll_reserve(&mut ticket, &mut cx).is_pending());
    // Somebody was given room just now, so the next one waits for more of it.
    shared.lock().granted_at = Moment::START.plus(Duration::from_secs(3600));
    assert!(shared.cancel(keys[0]));
    assert!(shared.look_at_the_time().is_some());

    shared.leave(ticket.expect("it waits"));

    assert_eq!(shared.look_at_the_time(), None);
}
