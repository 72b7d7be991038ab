use actor_core::prelude::*;

struct Counter {
    total: u64,
}

#[messages]
impl Counter {
    /// Adds `n`.
    async fn add(&mut self, n: u64) {
        self.total += n;
    }

    /// The total so far.
    async fn get(&mut self) -> u64 {
        self.total
    }

    /// Adds the number that a text says. The actor fails if it says none.
    fn add_text(&mut self, text: String) -> ActorResult {
        self.total += text.parse::<u64>()?;
        Ok(())
    }

    /// Counts as many more as an actor is told to, and ends.
    fn finish(&mut self, more: u64, ctx: &mut Context<Self>) -> u64 {
        ctx.stop();
        self.total + more
    }
}
