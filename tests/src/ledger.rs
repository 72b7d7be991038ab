//! A generic actor that is a block of methods, which the tests run in a worker process.

use actor_core::prelude::*;
use actor_remote::Factory;

/// Keeps what it is told in its order.
#[derive(Debug)]
pub struct Ledger<T: Send + 'static> {
    entries: Vec<T>,
    waiting: Vec<Reply<T>>,
}

/// A ledger of texts, in a worker process.
pub const LEDGER: Factory<Vec<String>, LedgerMsg<String>> = Factory::new("tests.Ledger/v1");

impl<T: Send + 'static> Ledger<T> {
    /// A ledger that begins with these entries.
    #[must_use]
    pub fn new(entries: Vec<T>) -> Self {
        let waiting = Vec::new();
        Ledger { entries, waiting }
    }
}

#[messages(derive(Debug, serde::Serialize, serde::Deserialize))]
impl<T: Clone + Send + 'static> Ledger<T> {
    /// Adds an entry, and shows it to whoever waits for one.
    pub fn enter(&mut self, entry: T) {
        for reply in self.waiting.drain(..) {
            reply.send(entry.clone());
        }
        self.entries.push(entry);
    }

    /// All entries so far.
    pub fn entries(&self) -> Vec<T> {
        self.entries.clone()
    }

    /// Waits for the next entry.
    pub fn next_entry(&mut self, reply: Reply<T>) {
        self.waiting.push(reply);
    }
}
