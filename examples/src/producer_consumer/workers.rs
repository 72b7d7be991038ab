//! The producers, the consumers, and the ledger in which consumers write what they did.

use actor_core::prelude::*;

use super::queue::QueueMsg;

/// How long a producer waits for room.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// Puts items into the queue.
pub(super) struct Producer {
    /// The queue.
    pub(super) queue: ActorRef<QueueMsg>,
}

#[messages]
impl Producer {
    /// Puts so many items there, from the one with the number `first` on. Waits for room whenever there is none.
    pub(super) async fn produce(
        &mut self,
        first: u64,
        count: u64,
        reply: Reply<()>,
    ) -> ActorResult {
        for item in first..first + count {
            let put = self
                .queue
                .ask_within(PATIENCE, |reply| QueueMsg::Put(item, reply));
            put.await?;
        }
        reply.send(());
        Ok(())
    }
}

/// Does items, one after the other, each in so much time.
pub(super) struct Consumer {
    /// Counted from 0.
    pub(super) number: usize,
    /// How long it takes for an item.
    pub(super) pause: Duration,
    /// Where it writes down what it did.
    pub(super) ledger: ActorRef<LedgerMsg>,
}

#[messages]
impl Consumer {
    /// Does an item. That it answers is what `task_done` is elsewhere.
    pub(super) async fn consume(&mut self, item: u64, done: Reply<()>) -> ActorResult {
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        // A kill comes between two polls, so never between these two lines: what is in the ledger is answered for, too.
        self.ledger.write(item, self.number).await?;
        done.send(());
        Ok(())
    }
}

/// Knows what was done, and by whom.
#[derive(Default)]
pub(super) struct Ledger {
    lines: Vec<(u64, usize)>,
}

#[messages]
impl Ledger {
    /// An item was done.
    pub(super) fn write(&mut self, item: u64, consumer: usize) {
        self.lines.push((item, consumer));
    }

    /// Everything that was done so far.
    pub(super) fn lines(&self) -> Vec<(u64, usize)> {
        self.lines.clone()
    }
}
