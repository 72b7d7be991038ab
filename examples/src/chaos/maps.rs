//! Hands maps in to one pool, one after the other, and writes down what becomes of their items.
//!
//! One of these runs for each pool that takes registered jobs, until the pool refuses them. Every other map may be run again, so it is cut
//! into chunks.

use std::sync::Arc;

use actor_pool::{JobError, JobOptions, Pool, Refusal};

use super::feed::told;
use super::jobs::{DO, Order};
use super::ledger::Entry;
use super::round::Shared;
use super::script::{Deck, Dice, ITEMS};

/// Items of a map.
const LEN: u64 = 60;

/// Feeds a pool with maps.
pub(super) async fn feed(
    name: &'static str,
    pool: Pool,
    first: u64,
    mut dice: Dice,
    shared: Arc<Shared>,
) {
    let mut deck = Deck::new(ITEMS);
    let mut next = first;
    loop {
        let is_repeatable = dice.below(2) == 0;
        let options = JobOptions::new();
        let options = match is_repeatable {
            true => options.retryable(),
            false => options,
        };
        let mut orders = Vec::new();
        for job in next..next + LEN {
            let deed = deck.deal(&mut dice);
            let entry = Entry {
                pool: name,
                deed,
                is_repeatable,
                is_called_off: false,
                is_awaited: true,
                has_callback: false,
                expires: false,
                key: None,
            };
            shared.ledger(|ledger| ledger.enter(job, entry));
            orders.push(Order::new(job, deed, &shared.notes, dice.millis(1, 10)));
        }
        let results = pool.map(&DO, orders).options(options).collect().await;
        let mut is_open = true;
        for (job, result) in (next..).zip(results) {
            is_open &= !is_closed(&result);
            let outcome = result.map(|parcel| parcel.job);
            shared.ledger(|ledger| ledger.tell(job, told(job, outcome)));
        }
        if !is_open {
            return;
        }
        next += LEN;
        tokio::time::sleep(dice.millis(1, 60)).await;
    }
}

fn is_closed<Out>(result: &Result<Out, JobError>) -> bool {
    matches!(
        result,
        Err(JobError::Shutdown | JobError::Refused(Refusal::Closed))
    )
}
