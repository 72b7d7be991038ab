//! The manager and what it manages: a dictionary, a list and a counter, each an actor of its own.
//!
//! Python's `multiprocessing.Manager` starts a server process and hands out proxies; here the proxy is the reference of an actor, the same
//! type in every process. Each method is one message, so it is whole: `counter.add(1)` loses nothing where `value.value += 1` reads and
//! writes in two steps.

use std::collections::BTreeMap;

use actor_core::prelude::*;
use serde::{Deserialize, Serialize};

/// What the clients write: who, and the how-manieth of his operations it was.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Entry {
    /// The number of the client.
    pub(super) client: u16,
    /// Counted from 0.
    pub(super) operation: u64,
}

/// What stands under a key of the dictionary: a value, and which write of the whole dictionary it was, counted from 1.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Written {
    /// Which write.
    pub(super) write: u64,
    /// What.
    pub(super) value: Entry,
}

/// Makes the objects, which live where it lives and end with it.
pub(crate) struct Manager;

#[messages(derive(Serialize, Deserialize))]
impl Manager {
    /// A new dictionary; Python's `manager.dict()`.
    pub(crate) fn dictionary(&mut self, ctx: &mut Context<Self>) -> ActorRef<DictionaryMsg> {
        ctx.spawn(Dictionary::default())
    }

    /// A new list; Python's `manager.list()`.
    pub(crate) fn list(&mut self, ctx: &mut Context<Self>) -> ActorRef<ListMsg> {
        ctx.spawn(List::default())
    }

    /// A new counter; Python's `manager.Value('Q', 0)` with a lock around it.
    pub(crate) fn counter(&mut self, ctx: &mut Context<Self>) -> ActorRef<CounterMsg> {
        ctx.spawn(Counter::default())
    }

    /// Where the objects live.
    pub(crate) fn pid(&self) -> u32 {
        std::process::id()
    }
}

/// Values by key. The last write of a key stands.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    entries: BTreeMap<u16, Written>,
    writes: u64,
}

#[messages(derive(Serialize, Deserialize))]
impl Dictionary {
    /// Writes, and says which write it was: of two clients both know who was last.
    pub(crate) fn set(&mut self, key: u16, value: Entry) -> u64 {
        self.writes += 1;
        let write = self.writes;
        self.entries.insert(key, Written { write, value });
        write
    }

    /// Everything in it.
    pub(crate) fn entries(&self) -> BTreeMap<u16, Written> {
        self.entries.clone()
    }
}

/// Grows at its end.
#[derive(Debug, Default)]
pub(crate) struct List {
    items: Vec<Entry>,
}

#[messages(derive(Serialize, Deserialize))]
impl List {
    /// Nobody waits for it.
    pub(crate) fn append(&mut self, item: Entry) {
        self.items.push(item);
    }

    /// Everything in it.
    pub(crate) fn items(&self) -> Vec<Entry> {
        self.items.clone()
    }

    /// Answers when everything that the asker appended before is in it.
    #[ask]
    pub(crate) fn settled(&self) {}
}

/// Adds up.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    total: u64,
}

#[messages(derive(Serialize, Deserialize))]
impl Counter {
    /// Nobody waits for it.
    pub(crate) fn add(&mut self, amount: u64) {
        self.total += amount;
    }

    /// What was added up so far: by the asker, all of it.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }
}
