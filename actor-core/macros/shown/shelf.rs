use std::collections::VecDeque;

use actor_core::prelude::*;

/// Answers only when there is something to take.
struct Shelf<T: Send + 'static, const ROOM: usize> {
    items: VecDeque<T>,
    waiting: VecDeque<Reply<T>>,
    log: ActorRef<String>,
}

#[messages(derive(Debug, serde::Serialize, serde::Deserialize))]
impl<T: Send + 'static, const ROOM: usize> Shelf<T, ROOM> {
    /// Puts an item there, and says whether there was room for it.
    fn put(&mut self, item: T) -> bool {
        let has_room = self.items.len() < ROOM;
        if has_room {
            self.items.push_back(item);
        }
        self.serve();
        has_room
    }

    /// Waits for an item and takes it.
    fn take(&mut self, reply: Reply<T>) {
        self.waiting.push_back(reply);
        self.serve();
    }

    #[started]
    async fn open(&mut self) -> ActorResult {
        self.log.send("open".to_owned()).await?;
        Ok(())
    }

    #[stopped]
    async fn close(&mut self, reason: &ExitReason) {
        // Nobody may be there to hear it any more.
        drop(self.log.send(format!("closed: {reason}")).await);
    }
}

impl<T: Send + 'static, const ROOM: usize> Shelf<T, ROOM> {
    fn serve(&mut self) {
        while !self.items.is_empty() && !self.waiting.is_empty() {
            if let (Some(item), Some(reply)) = (self.items.pop_front(), self.waiting.pop_front()) {
                reply.send(item);
            }
        }
    }
}
