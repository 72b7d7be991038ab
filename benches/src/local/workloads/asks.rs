//! Asks: one at a time, and many in flight.

use std::{sync::Arc, time::Instant};

use super::{Contender, CounterRef, nanos_per};
use crate::sizes::Sizes;

/// The asks in flight of `ask_256`, each a task of its own.
const IN_FLIGHT: u64 = 256;

/// One asker, which asks again when it has the answer.
pub(crate) async fn one<C: Contender>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    one_of(C::unbounded(&world).await, sizes).await
}

/// As [`one`], of a counter that is there already.
pub(crate) async fn one_of<R: CounterRef>(counter: R, sizes: Sizes) -> f64 {
    counter.add(7).await;
    let begin = Instant::now();
    let mut sum = 0;
    for _ in 0..sizes.asks {
        sum += counter.total().await;
    }
    let figure = nanos_per(begin, sizes.asks);
    assert_eq!(sum, 7 * sizes.asks, "an answer was wrong");
    counter.end().await;
    figure
}

/// 256 askers of one actor, each of which asks again when it has the answer.
pub(crate) async fn many<C: Contender>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    many_of(C::unbounded(&world).await, sizes).await
}

/// As [`many`], of a counter that is there already.
pub(crate) async fn many_of<R: CounterRef>(counter: R, sizes: Sizes) -> f64 {
    counter.add(7).await;
    let each = sizes.asks.div_ceil(IN_FLIGHT);
    let begin = Instant::now();
    let askers: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let counter = counter.clone();
            tokio::spawn(async move {
                let mut sum = 0;
                for _ in 0..each {
                    sum += counter.total().await;
                }
                sum
            })
        })
        .collect();
    let mut sum = 0;
    for asker in askers {
        sum += asker.await.expect("an asker does not panic");
    }
    let figure = nanos_per(begin, IN_FLIGHT * each);
    assert_eq!(sum, 7 * IN_FLIGHT * each, "an answer was wrong");
    counter.end().await;
    figure
}
