//! How long an ask takes that is not asked in a closed loop: asks fall due at a fixed rate, whether or not earlier ones have been
//! answered, and the clock of each starts when it is due. So a subject that stalls is billed for every ask that had to wait meanwhile.
//!
//! The asker is a thread of its own outside of the runtime, which spins: no timer is fine enough for the rate, and a task that spins
//! would take one of the two workers away. The rate is half of the saturation rate, measured with the same asker keeping
//! [`IN_FLIGHT`] asks under way, of the slower of the subjects: all are asked at the same rate, below the saturation of each.

use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use futures_util::stream::{FuturesUnordered, Stream};
use tokio::runtime::Handle;

use super::{Contender, CounterRef, nanos_per};
use crate::{
    harness::{Figures, Run},
    workload::Workload,
};

/// The asks under way when saturation is measured.
const IN_FLIGHT: usize = 256;

/// No round is longer, however slow the subject or the machine.
const LONGEST: Duration = Duration::from_secs(3);

/// The nanoseconds between two asks, shared by the subjects: zero until the first of them has been measured.
pub(crate) type Interval = Rc<Cell<f64>>;

/// The first round, which is the warm-up, measures the saturation; later ones the latency.
pub(crate) fn latency<C: Contender>(
    on: &Handle,
    world: &Arc<C::World>,
    interval: &Interval,
) -> Run {
    let (on, world, interval) = (on.clone(), world.clone(), interval.clone());
    let mut is_calibrated = false;
    Box::new(move |sizes| {
        let _inside = on.enter();
        let counter = on.block_on(C::unbounded(&world));
        on.block_on(counter.add(7));
        let figures = if is_calibrated {
            let at_most = LONGEST.as_nanos() as f64 / interval.get();
            open_loop(&counter, sizes.asks.min(at_most as u64), interval.get())
        } else {
            is_calibrated = true;
            saturate(&counter, sizes.asks);
            let busiest = saturate(&counter, sizes.asks);
            interval.set(interval.get().max(2.0 * busiest));
            Figures::none_of(Workload::AskLatency)
        };
        on.block_on(counter.end());
        figures
    })
}

/// Nanoseconds per ask with [`IN_FLIGHT`] under way.
fn saturate<R: CounterRef>(counter: &R, asks: u64) -> f64 {
    let mut flight = Flight(FuturesUnordered::new());
    let mut issued = 0;
    let begin = Instant::now();
    while issued < asks || !flight.0.is_empty() {
        while issued < asks && flight.0.len() < IN_FLIGHT {
            flight.0.push(counter.total());
            issued += 1;
        }
        while let Some(total) = flight.next_done() {
            assert_eq!(total, 7, "an answer was wrong");
        }
    }
    nanos_per(begin, asks)
}

/// Asks every `interval` nanoseconds.
fn open_loop<R: CounterRef>(counter: &R, asks: u64, interval: f64) -> Figures {
    let begin = Instant::now();
    let due = |ask: u64| begin + Duration::from_nanos((ask as f64 * interval) as u64);
    let ask = async |due: Instant| {
        assert_eq!(counter.total().await, 7, "an answer was wrong");
        due
    };
    let mut nanos = Vec::with_capacity(asks as usize);
    let mut flight = Flight(FuturesUnordered::new());
    let mut issued = 0;
    while issued < asks || !flight.0.is_empty() {
        let now = Instant::now();
        while issued < asks && due(issued) <= now {
            flight.0.push(ask(due(issued)));
            issued += 1;
        }
        while let Some(due) = flight.next_done() {
            nanos.push(due.elapsed().as_nanos() as u64);
        }
    }
    nanos.sort_unstable();
    let micros = |share: f64| percentile(&nanos, share) as f64 / 1_000.0;
    [micros(0.5), micros(0.99), micros(0.999), interval].into()
}

/// The smallest of the sorted figures that `share` of them do not exceed.
fn percentile(sorted: &[u64], share: f64) -> u64 {
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted[place.saturating_sub(1)]
}

/// Asks under way, of which only those are polled that were woken.
struct Flight<F>(FuturesUnordered<F>);

impl<F: Future> Flight<F> {
    /// The next answer that is there. Whoever calls this spins, so nobody needs to be woken.
    fn next_done(&mut self) -> Option<F::Output> {
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(&mut self.0).poll_next(&mut context) {
            Poll::Ready(done) => done,
            Poll::Pending => None,
        }
    }
}
