//! A client of the objects. It runs in this process or in one of its own, and cannot tell where the objects are.

use actor_core::prelude::*;
use serde::{Deserialize, Serialize};

use super::objects::{
    CounterMsg, CounterRef, DictionaryMsg, DictionaryRef, Entry, ListMsg, ListRef, Written,
};

/// Keys of the dictionary, few enough that the clients are in each other's way.
const KEYS: u64 = 8;

/// References to the three objects; they travel, inside a message, as what they are.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Objects {
    /// See [`super::objects::Dictionary`].
    pub(super) dictionary: ActorRef<DictionaryMsg>,
    /// See [`super::objects::List`].
    pub(super) list: ActorRef<ListMsg>,
    /// See [`super::objects::Counter`].
    pub(super) counter: ActorRef<CounterMsg>,
}

/// How a client is made, also in another process.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct ClientArgs {
    /// Its number, 1 for the first.
    pub(super) number: u16,
    /// How long it takes over each operation.
    pub(super) pause: Duration,
}

/// What a client did, according to itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Deeds {
    /// What it added to the counter, all together.
    pub(super) added: u64,
    /// What it appended to the list, in its order.
    pub(super) appended: Vec<Entry>,
    /// What it wrote to the dictionary, under which key.
    pub(super) written: Vec<(u16, Written)>,
    /// The process in which it did so.
    pub(super) pid: u32,
}

impl Deeds {
    /// Adds what it did later.
    pub(super) fn extend(&mut self, later: Deeds) {
        self.added += later.added;
        self.appended.extend(later.appended);
        self.written.extend(later.written);
        self.pid = later.pid;
    }
}

/// Uses the objects, one operation after the other.
pub(crate) struct Client {
    args: ClientArgs,
}

impl Client {
    /// A client of that number and pace.
    pub(crate) fn new(args: ClientArgs) -> Self {
        Client { args }
    }
}

#[messages(derive(Serialize, Deserialize))]
impl Client {
    /// Does so many operations from the one with the number `first` on: each adds, appends and writes. Answers when all three objects
    /// have seen all of it.
    pub(crate) async fn work(
        &mut self,
        objects: Objects,
        first: u64,
        count: u64,
        reply: Reply<Deeds>,
    ) -> ActorResult {
        let mut deeds = Deeds {
            pid: std::process::id(),
            ..Deeds::default()
        };
        let client = self.args.number;
        for operation in first..first + count {
            let value = Entry { client, operation };
            let amount = operation % 5 + 1;
            objects.counter.add(amount).await?;
            deeds.added += amount;
            objects.list.append(value).await?;
            deeds.appended.push(value);
            let key = (u64::from(client) * 3 + operation) % KEYS;
            let key = u16::try_from(key).expect("there are few keys");
            let write = objects.dictionary.set(key, value).await?;
            deeds.written.push((key, Written { write, value }));
            if !self.args.pause.is_zero() {
                tokio::time::sleep(self.args.pause).await;
            }
        }
        // Nobody waited for these two. A question is handled behind what the same sender sent before, so its answer says that all is in.
        objects.counter.total().await?;
        objects.list.settled().await?;
        reply.send(deeds);
        Ok(())
    }
}
