//! What a link does for the references and replies inside one message: encoding is a transaction.
//!
//! Replies are registered, and references counted, when the whole message has been encoded and fits; if it does not, its replies resolve
//! as failed and nothing was exported.

use std::any::TypeId;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::ActorSystem;
use actor_core::link;
use actor_core::wire::{Inlet, LinkHook, OpenImport, ReplyRoute, ReplySlot, WireRef};
use actor_core::{AnyActorRef, AskError, ExitReason};
use bytes::Bytes;
use tokio::time::Instant;

use super::forward::{Owner, forward};
use super::tables::{End, Export, Exported, Import, Mention, lock};
use super::{Link, ROOT};
use crate::frame::{self, Cargo, Frame};

/// References to distinct actors that one link imports at most: a peer must not fill our memory with tiny messages.
const IMPORTS_MAX: usize = 65_536;

/// One user of the link's hook; its transaction is its own.
pub(super) struct Codec {
    link: Arc<Link>,
    transaction: Mutex<Transaction>,
}

#[derive(Default)]
struct Transaction {
    replies: Vec<(u64, Arc<dyn ReplySlot>)>,
    exports: Vec<u64>,
    mentions: Vec<Mention>,
}

/// What a message that is sent takes along.
pub(super) struct Committed {
    pub(super) replies: Vec<u64>,
    pub(super) exports: Vec<u64>,
    /// To be dropped when it has been given to the writer.
    pub(super) mentions: Vec<Mention>,
}

/// What became of an import whose local halves have ended.
pub(super) enum Forgotten {
    /// It is over, and the other side is told so.
    Yes,
    /// Another reference has come: then it goes on.
    No,
    /// A message mentions it that has not been given to the writer.
    NotYet,
}

impl Codec {
    pub(super) fn new(link: &Arc<Link>) -> Arc<Self> {
        Arc::new(Codec {
            link: Arc::clone(link),
            transaction: Mutex::default(),
        })
    }

    /// The message will be sent: from here on the link answers for its replies. The exports are for [`Link::watch_exports`], when the
    /// message cannot be overtaken any more.
    pub(super) fn commit(&self) -> Committed {
        let Transaction {
            replies,
            exports,
            mentions,
        } = std::mem::take(&mut *lock(&self.transaction));
        let mut numbers = Vec::new();
        for (id, slot) in replies {
            numbers.push(id);
            self.link.await_reply(id, slot);
        }
        Committed {
            replies: numbers,
            exports,
            mentions,
        }
    }

    /// The message will not be sent.
    pub(super) fn rollback(&self, why: &str) {
        let transaction = std::mem::take(&mut *lock(&self.transaction));
        let reason = ExitReason::Failed(format!("the message could not be sent: {why}"));
        for (_, slot) in transaction.replies {
            slot.fail(AskError::Failed {
                reason: reason.clone(),
            });
        }
        for id in transaction.exports {
            // The other side knows nothing of it, so the count of its messages goes on.
            self.link.let_go(id, 1);
        }
    }
}

impl LinkHook for Codec {
    fn export(
        &self,
        actor: AnyActorRef,
        message: TypeId,
        inlet: Arc<dyn Inlet>,
    ) -> Result<WireRef, String> {
        let address = link::address(&actor);
        if let Some((home, mention)) = self.link.mention(address) {
            lock(&self.transaction).mentions.push(mention);
            return Ok(WireRef::Yours(home));
        }
        let hash = self.link.node.registry().message_hash(message).ok_or_else(|| {
            format!(
                "references to actors of {} cannot travel: register it with `.message::<{0}>(\"a stable name\")`",
                actor.message_type()
            )
        })?;
        let id = self.link.export(actor, inlet);
        lock(&self.transaction).exports.push(id);
        Ok(WireRef::Mine(id, hash))
    }

    fn import(
        &self,
        id: u64,
        name: u64,
        message: TypeId,
        open: &mut OpenImport<'_>,
    ) -> Result<AnyActorRef, String> {
        if self.link.node.registry().message_hash(message) != Some(name) {
            return Err(
                "a reference came whose message type has another name here, or none".into(),
            );
        }
        self.link.import(id, open)
    }

    fn own(&self, id: u64) -> Result<AnyActorRef, String> {
        let tables = lock(&self.link.tables);
        let exported = tables
            .exports
            .get(&id)
            .ok_or_else(|| format!("no actor is exported as {id}"))?;
        Ok(exported.export.actor.clone())
    }

    fn system(&self) -> Option<ActorSystem> {
        self.link.system.recall()
    }

    fn export_reply(&self, slot: Arc<dyn ReplySlot>) -> u64 {
        let id = {
            let mut pending = lock(&self.link.pending);
            pending.next += 1;
            pending.next
        };
        lock(&self.transaction).replies.push((id, slot));
        id
    }

    fn import_reply(&self, id: u64, remaining: Duration) -> Arc<dyn ReplyRoute> {
        let route = Arc::new(Route {
            link: Arc::clone(&self.link),
            id,
            deadline: Instant::now().checked_add(remaining),
            closed: AtomicBool::new(false),
        });
        lock(&self.link.routes).insert(id, Arc::downgrade(&route));
        route
    }
}

/// The way back to an asker on the other side.
pub(super) struct Route {
    link: Arc<Link>,
    id: u64,
    /// `None`: beyond what a clock can hold.
    deadline: Option<Instant>,
    closed: AtomicBool,
}

impl Route {
    /// Sends the answer: it is a whole frame, or large. Returns what it exports.
    fn commit(
        &self,
        codec: &Codec,
        whole: &[u8],
        large: Option<Bytes>,
    ) -> Result<Vec<u64>, String> {
        let outbox = &self.link.outbox;
        match large {
            None => {
                let committed = codec.commit();
                outbox.append_control(|buffer| buffer.extend_from_slice(whole));
                Ok(committed.exports)
            }
            Some(frame) => {
                let reserved = outbox.reserve_answer(frame.len());
                reserved.map_err(|error| error.to_string())?;
                let committed = codec.commit();
                let cargo = Cargo {
                    replies: committed.replies,
                    is_answer: true,
                    ..Cargo::new(frame)
                };
                outbox.append_large(&[], cargo);
                Ok(committed.exports)
            }
        }
    }

    /// The asker went away.
    pub(super) fn cancel(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

impl ReplyRoute for Route {
    fn send(&self, encode: &mut dyn FnMut(&mut Vec<u8>) -> Result<(), String>) {
        if self.is_closed() {
            // The value is of no use; but whoever relays the answer keeps its place until there is one.
            if !self.closed.load(Ordering::Relaxed) {
                self.fail(AskError::NoReply);
            }
            return;
        }
        let codec = Codec::new(&self.link);
        let hook: Arc<dyn LinkHook> = Arc::clone(&codec) as Arc<dyn LinkHook>;
        let mut out = Vec::new();
        let mark = frame::begin_reply(&mut out, self.id);
        let encoded = actor_core::wire::with_link(&hook, || encode(&mut out)).and_then(|()| {
            let large = self.link.finish_frame(mark, &mut out);
            large.map_err(|error| error.to_string())
        });
        let sent = encoded.and_then(|large| self.commit(&codec, &out, large));
        match sent {
            Ok(exports) => self.link.watch_exports(&exports),
            Err(why) => {
                codec.rollback(&why);
                let reason = ExitReason::Failed(format!("the answer could not be sent: {why}"));
                self.fail(AskError::Failed { reason });
            }
        }
    }

    fn fail(&self, why: AskError) {
        self.link.send_failure(self.id, &why);
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
            || self
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
            || self.link.is_closed()
    }

    fn remaining(&self) -> Duration {
        match self.deadline {
            Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            None => Duration::MAX,
        }
    }
}

impl Drop for Route {
    fn drop(&mut self) {
        lock(&self.link.routes).remove(&self.id);
    }
}

impl Link {
    /// Registers a reply that has left.
    fn await_reply(self: &Arc<Self>, id: u64, slot: Arc<dyn ReplySlot>) {
        let refused = {
            let mut pending = lock(&self.pending);
            if pending.closed {
                Some(&slot)
            } else {
                pending.slots.insert(id, Arc::clone(&slot));
                None
            }
        };
        if let Some(slot) = refused {
            slot.fail(AskError::Disconnected {
                may_have_run: false,
            });
        }
        let link = Arc::downgrade(self);
        slot.hand_over(Box::new(move || {
            let Some(link) = link.upgrade() else { return };
            let forgotten = lock(&link.pending).slots.remove(&id);
            if forgotten.is_some() {
                link.send_cancel(id);
            }
        }));
    }

    /// The actor of the other side that has this local half goes home.
    fn mention(&self, address: usize) -> Option<(u64, Mention)> {
        let tables = lock(&self.tables);
        let home = *tables.import_by_address.get(&address)?;
        let mention = Mention::new(tables.imports.get(&home)?);
        Some((home, mention))
    }

    /// Counts a reference that leaves.
    fn export(self: &Arc<Self>, actor: AnyActorRef, inlet: Arc<dyn Inlet>) -> u64 {
        let address = link::address(&actor);
        let export = {
            let mut tables = lock(&self.tables);
            if let Some(id) = tables.export_by_address.get(&address).copied()
                && let Some(exported) = tables.exports.get_mut(&id)
            {
                exported.sent += 1;
                return id;
            }
            tables.next_export += 1;
            let id = tables.next_export;
            if tables.closed {
                // Nobody will ever get it, so nobody would let go of it.
                return id;
            }
            let export = Arc::new(Export::new(id, actor, inlet, self.window));
            tables.exports.insert(
                id,
                Exported {
                    export: Arc::clone(&export),
                    sent: 1,
                    end: End::Unwatched,
                },
            );
            tables.export_by_address.insert(address, id);
            export
        };
        export.watch(self);
        export.id
    }

    /// References have left: has the other side told when their actors end, or have ended already.
    pub(super) fn watch_exports(self: &Arc<Self>, ids: &[u64]) {
        for id in ids {
            self.watch_end(*id);
        }
    }

    /// Has the other side told when an exported actor ends for good.
    pub(super) fn watch_end(self: &Arc<Self>, id: u64) {
        let actor = {
            let mut tables = lock(&self.tables);
            let Some(exported) = tables.exports.get_mut(&id) else {
                return;
            };
            match &exported.end {
                End::Watched(_) => return,
                End::Told(reason) => {
                    let reason = reason.clone();
                    drop(tables);
                    return self.tell_gone(id, reason);
                }
                End::Unwatched => exported.end = End::Watched(None),
            }
            exported.export.actor.clone()
        };
        let link = Arc::downgrade(self);
        let monitor = link::on_end(&actor, move |down| {
            if let Some(link) = link.upgrade() {
                link.handle_end(id, down.reason);
            }
        });
        let is_wanted = match lock(&self.tables).exports.get_mut(&id) {
            Some(Exported {
                end: End::Watched(kept),
                ..
            }) => {
                *kept = Some(monitor);
                true
            }
            _ => false,
        };
        if !is_wanted {
            link::forget_end(&actor, monitor);
        }
    }

    /// An exported actor has ended for good.
    fn handle_end(self: &Arc<Self>, id: u64, reason: ExitReason) {
        let export = {
            let mut tables = lock(&self.tables);
            let Some(exported) = tables.exports.get_mut(&id) else {
                return;
            };
            exported.end = End::Told(reason.clone());
            Arc::clone(&exported.export)
        };
        export.end();
        self.tell_gone(id, reason);
    }

    fn import(self: &Arc<Self>, id: u64, open: &mut OpenImport<'_>) -> Result<AnyActorRef, String> {
        {
            let tables = lock(&self.tables);
            if let Some(import) = tables.imports.get(&id)
                && let Some(actor) = import.recall()
            {
                return Ok(actor);
            }
            if id == ROOT {
                return Err("a reference to a root that is not here, or has ended".into());
            }
            if tables.imports.len() >= IMPORTS_MAX {
                return Err(format!("more than {IMPORTS_MAX} references over one link"));
            }
        }
        let system = self.system.recall().ok_or("the system has ended")?;
        let (actor, outflow) = open(&system);
        let import = {
            let mut tables = lock(&self.tables);
            if tables.closed {
                return Err("the link is closed".into());
            }
            tables.import_by_address.insert(link::address(&actor), id);
            if let Some(import) = tables.imports.get(&id) {
                import.renew(&actor, outflow);
                return Ok(actor);
            }
            let import = Arc::new(Import::new(id, &actor));
            tables.imports.insert(id, Arc::clone(&import));
            import
        };
        let link = Arc::clone(self);
        crate::runtime::spawn(async move {
            forward(&link, &import, outflow, Owner::References).await;
        });
        Ok(actor)
    }

    /// The oldest local half of an import has ended, and another one took its place.
    pub(super) fn forget_half(&self, import: &Import) {
        let mut tables = lock(&self.tables);
        let half = lock(&import.news).halves.pop_front();
        if let Some(half) = &half {
            tables.import_by_address.remove(&half.address);
        }
        drop(tables);
        drop(half);
    }

    /// All references to an import have gone, and all that was sent to it has begun: the other side may let go of it.
    pub(super) fn forget_import(&self, import: &Arc<Import>) -> Forgotten {
        let mut tables = lock(&self.tables);
        let mut news = lock(&import.news);
        if news.is_mentioned() {
            return Forgotten::NotYet;
        }
        if !news.successors.is_empty() {
            let ended = news.halves.pop_front();
            drop(news);
            if let Some(half) = &ended {
                tables.import_by_address.remove(&half.address);
            }
            drop(tables);
            drop(ended);
            return Forgotten::No;
        }
        let halves = std::mem::take(&mut news.halves);
        let count = news.received;
        drop(news);
        for half in &halves {
            tables.import_by_address.remove(&half.address);
        }
        tables.imports.remove(&import.id);
        // Still under the lock: a reference that comes from now on starts anew, behind this.
        self.send(&Frame::Release {
            export: import.id,
            count,
        });
        drop(tables);
        drop(halves);
        Forgotten::Yes
    }
}
