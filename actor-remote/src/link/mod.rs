//! A link: one connection to another process, and the actors, replies and monitors that reach over it.
//!
//! ```text
//!   references ─> cell ─> forwarder ─┐                        ┌─> inlet ─> mailbox
//!   references ─> cell ─> forwarder ─┼─> outbox ─> writer ─ ─ ┤
//!   replies, credit, ends ───────────┘             reader <─ ─┴── replies, credit, ends
//! ```
//!
//! One forwarder per imported actor, one writer and one reader per link, each a task: a slow recipient holds up nobody else, and many
//! messages go in one write.
//!
//! Invariants:
//! 1. A message leaves its mailbox only with credit, so what is under way to one actor is bounded by its window, and what waits to be
//!    written by the sum of the windows. What answers the peer waits for nothing; of that a fixed amount may pile up, then the link ends.
//! 2. An end is told behind all that was queued before it: it travels as a mark through the mailbox of every import. A recipient that is
//!    stuck holds it up for a second at most, or for a minute while large messages leave.
//! 3. A message of more than 64 KiB leaves in pieces, beside others. What must not overtake it waits: the messages behind it to the same
//!    actor in their mailbox, ends and releases in the outbox.
//! 4. When the link is lost everything that depends on it is told at once, in one place: [`Link::close`].

mod forward;
mod hook;
mod outbox;
mod reader;
mod size;
mod tables;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use actor_core::link::RememberedSystem;
use actor_core::wire::{DeliverError, Inlet, Outflow, ReplySlot};
use actor_core::{ActorSystem, AnyActorRef, AskError, ExitReason};
use tokio::sync::Notify;

pub(crate) use forward::Owner;
use outbox::Outbox;
use tables::{End, Export, Exported, Import, Pending, Progress, Routes, Tables, lock};

use crate::frame::{
    self, CHUNK_MAX, Cargo, Frame, FrameError, FrameReader, Incoming, NackReason, ReplyFailure,
    ReplyOutcome,
};
use crate::node::Node;
use crate::session::{HandshakeError, Hello, MAX_FRAME_MIN, Role, handshake_and_ask};
use crate::transport::{Duplex, Transport};

/// The export under which the root actor of a worker is known.
pub(crate) const ROOT: u64 = 0;

/// How long a link whose writing failed is read on: its other end is closed, so the end of the stream is at hand.
const READ_GRACE: Duration = Duration::from_secs(1);

/// How long an end waits for what was queued before it: a recipient that is stuck must not withhold it for ever.
const GONE_GRACE: Duration = Duration::from_secs(1);

/// So often the grace begins anew while large messages leave: an end is withheld for a minute at most.
const GONE_ROUNDS: usize = 60;

/// The text of an error is cut to this many bytes before it travels.
const TEXT_MAX: usize = 2 * 1024;

/// See the module's header.
pub(crate) struct Link {
    node: Node,
    system: RememberedSystem,
    outbox: Outbox,
    tables: Mutex<Tables>,
    pending: Mutex<Pending>,
    routes: Mutex<Routes>,
    /// The watchers that this link has set on actors of this process, by address.
    watched: Mutex<HashMap<usize, Weak<Progress>>>,
    /// The longest frame that is sent; what is longer leaves in pieces.
    send_limit: usize,
    /// The longest message, in either direction.
    message_limit: usize,
    /// What the other side may send to one of our actors before it hears of credit.
    window: u32,
    /// What we may send to one of theirs.
    peer_window: u32,
    peer_role: Role,
    /// For timers: an end may be told on a thread that knows no runtime.
    runtime: tokio::runtime::Handle,
    closed: AtomicBool,
    /// The other side sent what it must not, or did not read what it had caused.
    is_broken: AtomicBool,
    lost: Notify,
    why: Mutex<Option<String>>,
    events: Box<dyn Fn(LinkEvent) + Send + Sync>,
}

/// What a link has for whoever owns it.
pub(crate) enum LinkEvent {
    /// The other side asks for an actor.
    Spawn {
        request: u64,
        window: u32,
        factory: String,
        args: Vec<u8>,
    },
    /// The actor that was asked for has started.
    Spawned,
    /// It has not.
    SpawnFailed(String),
    /// The root actor ended.
    Ended(ExitReason),
}

/// A connection before it carries actors.
pub(crate) struct Connected {
    duplex: Duplex,
    frames: FrameReader,
    established: crate::session::Established,
}

/// By number, so that whoever is told of a loss hears of it in an order that is always the same.
fn in_order<T>(table: HashMap<u64, T>) -> Vec<T> {
    let mut entries: Vec<(u64, T)> = table.into_iter().collect();
    entries.sort_unstable_by_key(|(number, _)| *number);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// Connects and shakes hands; sends `request` with the hello.
pub(crate) async fn connect(
    transport: Box<dyn Transport>,
    hello: Hello,
    request: Vec<u8>,
    limit: Duration,
) -> Result<Connected, HandshakeError> {
    let Duplex {
        mut reader,
        mut writer,
    } = transport.connect().await?;
    let (established, frames) =
        handshake_and_ask(&mut reader, &mut writer, hello, request, limit).await?;
    let duplex = Duplex { reader, writer };
    Ok(Connected {
        duplex,
        frames,
        established,
    })
}

fn spawn_request<'a>(window: u32, name: &'a str, factory: &'a str, args: &'a [u8]) -> Frame<'a> {
    Frame::Spawn {
        request: 1,
        window,
        name,
        factory,
        args,
    }
}

/// The request for an actor as it may be sent with the hello: whole, if every peer takes frames of its length.
pub(crate) fn early_spawn(window: u32, name: &str, factory: &str, args: &[u8]) -> Option<Vec<u8>> {
    let limit = usize::try_from(MAX_FRAME_MIN).unwrap_or(usize::MAX);
    let mut out = Vec::new();
    let request = spawn_request(window, name, factory, args);
    frame::encode(&mut out, &request, limit).ok().map(|()| out)
}

impl Link {
    /// Starts the tasks of a link. `window` is what the other side may send to one of our actors at a time.
    pub(crate) fn start(
        connected: Connected,
        node: Node,
        system: &ActorSystem,
        window: u32,
        peer_window: Option<u32>,
        events: impl Fn(LinkEvent) + Send + Sync + 'static,
    ) -> Arc<Link> {
        let Connected {
            duplex,
            frames,
            established,
        } = connected;
        let message_limit = established.message_limit;
        let send_limit = established.send_limit.min(CHUNK_MAX).min(message_limit);
        let whole_max = established.receive_limit.min(CHUNK_MAX).min(message_limit);
        let incoming = Incoming::new(whole_max, message_limit);
        let link = Arc::new(Link {
            node,
            system: RememberedSystem::new(system),
            outbox: Outbox::new(send_limit, message_limit),
            tables: Mutex::default(),
            pending: Mutex::default(),
            routes: Mutex::default(),
            watched: Mutex::default(),
            send_limit,
            message_limit,
            window: window.max(1),
            peer_window: peer_window.unwrap_or(established.peer.credits).max(1),
            peer_role: established.peer.role,
            runtime: tokio::runtime::Handle::current(),
            closed: AtomicBool::new(false),
            is_broken: AtomicBool::new(false),
            lost: Notify::new(),
            why: Mutex::new(None),
            events: Box::new(events),
        });
        let writing = Arc::clone(&link);
        let writer = crate::runtime::spawn(async move {
            let written = tokio::select! { biased;
                written = writing.outbox.write_to(duplex.writer) => written,
                () = writing.outbox.overflowed() => Ok(()),
            };
            // Writing has ended by itself, too, if it was not stuck in that moment.
            if writing.outbox.has_overflowed() {
                writing.is_broken.store(true, Ordering::Release);
                return writing.close("the other side does not read");
            }
            if let Err(error) = written {
                writing.outbox.close();
                // What the other side wrote before it went away still counts, and the reader will find its end.
                drop(tokio::time::timeout(READ_GRACE, writing.lost()).await);
                writing.close(&format!("writing failed: {error}"));
            }
        });
        let reading = CloseOnDrop(Arc::clone(&link));
        crate::runtime::spawn(async move {
            let why = reader::read(&reading.0, duplex.reader, frames, incoming).await;
            reading.0.close(&why);
            writer.abort();
        });
        link
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether it was closed because the other side sent what it must not.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Acquire)
    }

    /// Completes when the link is lost, with the reason.
    pub(crate) async fn lost(&self) -> String {
        loop {
            let mut lost = std::pin::pin!(self.lost.notified());
            lost.as_mut().enable();
            if self.is_closed() {
                return lock(&self.why).clone().unwrap_or_default();
            }
            lost.await;
        }
    }

    /// Takes nothing more to send; when all has been written the stream is shut down.
    pub(crate) fn finish(&self) {
        self.outbox.finish();
    }

    /// The link is lost: pending asks resolve, imports end, exports are let go. Once.
    pub(crate) fn close(&self, why: &str) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        *lock(&self.why) = Some(why.to_owned());
        self.outbox.close();
        let slots = {
            let mut pending = lock(&self.pending);
            pending.closed = true;
            std::mem::take(&mut pending.slots)
        };
        for slot in in_order(slots) {
            slot.fail(AskError::Disconnected { may_have_run: true });
        }
        let (exports, imports) = {
            let mut tables = lock(&self.tables);
            tables.closed = true;
            tables.export_by_address.clear();
            (
                std::mem::take(&mut tables.exports),
                in_order(tables.imports.clone()),
            )
        };
        for import in imports {
            // The root of a worker ends with its process, which its owner sees; the others end here.
            import.tell(|news| {
                if import.id != ROOT {
                    // An end that was told before the loss is the truth.
                    news.gone.get_or_insert(ExitReason::NoConnection);
                }
            });
        }
        for exported in in_order(exports) {
            if let Some(monitor) = exported.end.monitor() {
                actor_core::link::forget_end(&exported.export.actor, monitor);
            }
        }
        self.lost.notify_waiters();
    }

    // What goes out.

    fn send(&self, frame: &Frame<'_>) {
        self.outbox.append_control(|out| {
            if let Err(error) = frame::encode(out, frame, self.send_limit) {
                tracing::error!(%error, kind = ?frame.kind(), "a control frame is too large and was not sent");
            }
        });
    }

    /// Sends a frame that must not overtake a large message that is on its way.
    fn send_behind_large(&self, frame: &Frame<'_>) {
        if let Some(spelt) = self.spell(frame) {
            self.outbox.append_behind_large(spelt);
        }
    }

    /// Nobody waits for that reply any more. The message that carries it may still be leaving.
    fn send_cancel(&self, reply: u64) {
        if let Some(spelt) = self.spell(&Frame::Cancel { reply }) {
            self.outbox.append_behind_carrier(reply, spelt);
        }
    }

    /// `None`, and logged, if it is too large.
    fn spell(&self, frame: &Frame<'_>) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        match frame::encode(&mut out, frame, self.send_limit) {
            Ok(()) => Some(out),
            Err(error) => {
                tracing::error!(%error, kind = ?frame.kind(), "a control frame is too large and was not sent");
                None
            }
        }
    }

    fn send_credit(&self, export: u64, n: u32) {
        self.outbox
            .append_control(|out| frame::encode_credit(out, export, n));
    }

    /// Asks the other side for an actor.
    ///
    /// # Errors
    ///
    /// The arguments are longer than it accepts; nothing was sent.
    pub(crate) fn send_spawn(
        &self,
        window: u32,
        name: &str,
        factory: &str,
        args: &[u8],
    ) -> Result<(), String> {
        let request = spawn_request(window, name, factory, args);
        let mut out = Vec::new();
        let mark = frame::begin(&mut out, request.kind());
        frame::encode_body(&mut out, &request);
        let large = self
            .finish_frame(mark, &mut out)
            .map_err(|error| format!("the arguments cannot be sent: {error}"))?;
        match large {
            None => self
                .outbox
                .append_control(|buffer| buffer.extend_from_slice(&out)),
            Some(frame) => {
                self.outbox.append_large(&[], Cargo::new(frame));
            }
        }
        Ok(())
    }

    /// Answers a request for an actor.
    pub(crate) fn send_spawned(&self, request: u64, export: u64) {
        self.send(&Frame::Spawned { request, export });
    }

    /// Answers a request for an actor that did not start.
    pub(crate) fn send_spawn_failed(&self, request: u64, cause: frame::SpawnFailure, text: &str) {
        let text = frame::cut_text(text, TEXT_MAX);
        self.send(&Frame::SpawnFailed {
            request,
            cause,
            text,
        });
    }

    /// Asks the root to end.
    pub(crate) fn send_stop(&self, how: frame::StopHow) {
        self.send(&Frame::Stop { export: ROOT, how });
    }

    fn send_failure(&self, reply: u64, why: &AskError) {
        let (failure, detail) = spell_failure(why);
        self.send(&Frame::Reply {
            reply,
            outcome: ReplyOutcome::Failure(failure, &detail),
        });
    }

    fn refuse(&self, export: u64, number: u64, error: &DeliverError) {
        let (what, text) = match error {
            DeliverError::Undecodable(text) => (NackReason::Undecodable, text.as_str()),
            _ => (NackReason::UnknownExport, ""),
        };
        self.send(&Frame::Nack {
            export,
            number,
            what,
            text: frame::cut_text(text, TEXT_MAX),
        });
    }

    /// An exported actor ended for good: told behind all that is queued for the other side, unless a recipient there takes too long.
    fn tell_gone(self: &Arc<Self>, export: u64, reason: ExitReason) {
        let told = Arc::new(Gone {
            link: Arc::clone(self),
            export,
            reason,
            was_told: AtomicBool::new(false),
        });
        let imports = in_order(lock(&self.tables).imports.clone());
        for import in imports {
            import.mark(Box::new(Arc::clone(&told)));
        }
        let late = Arc::downgrade(&told);
        drop(told);
        // Mostly nothing is queued, and it has been told already.
        if late.strong_count() > 0 {
            self.runtime.spawn(tell_late(late));
        }
    }

    // Roots.

    /// Exports the root of a worker.
    pub(crate) fn export_root(
        self: &Arc<Self>,
        actor: &AnyActorRef,
        inlet: Arc<dyn Inlet>,
        window: u32,
    ) {
        let export = Arc::new(Export::new(ROOT, actor.clone(), inlet, window.max(1)));
        {
            let mut tables = lock(&self.tables);
            tables
                .export_by_address
                .insert(actor_core::link::address(actor), ROOT);
            tables.exports.insert(
                ROOT,
                Exported {
                    export: Arc::clone(&export),
                    sent: 1,
                    end: End::Unwatched,
                },
            );
        }
        export.watch(self);
        self.watch_end(ROOT);
    }

    /// Forwards the mailbox of a process child to the root of its worker.
    pub(crate) fn import_root(
        self: &Arc<Self>,
        actor: &AnyActorRef,
        outflow: Box<dyn Outflow>,
        owner: Owner,
    ) -> RootImport {
        let import = Arc::new(Import::new(ROOT, actor));
        {
            let mut tables = lock(&self.tables);
            tables.imports.insert(ROOT, Arc::clone(&import));
            tables
                .import_by_address
                .insert(actor_core::link::address(actor), ROOT);
        }
        let (link, forwarded) = (Arc::clone(self), Arc::clone(&import));
        crate::runtime::spawn(
            async move { forward::forward(&link, &forwarded, outflow, owner).await },
        );
        RootImport { import }
    }

    // Tables.

    /// References to an export were dropped on the other side, which counts anew if it gets the actor again.
    fn release(&self, id: u64, count: u64) {
        if let Some(export) = self.let_go(id, count) {
            // Not under the tables: whoever delivers holds the lane and looks into the tables.
            export.restart_count();
        }
    }

    /// So many references to an export are no longer on the other side. The export, if others are.
    fn let_go(&self, id: u64, count: u64) -> Option<Arc<Export>> {
        let released = {
            let mut tables = lock(&self.tables);
            let exported = tables.exports.get_mut(&id)?;
            exported.sent = exported.sent.saturating_sub(count);
            if exported.sent > 0 || id == ROOT {
                return Some(Arc::clone(&exported.export));
            }
            let exported = tables.exports.remove(&id);
            if let Some(exported) = &exported {
                tables
                    .export_by_address
                    .remove(&actor_core::link::address(&exported.export.actor));
            }
            exported
        };
        // Dropped after the lock: letting go of the last reference ends the actor.
        if let Some(Exported { export, end, .. }) = &released
            && let Some(monitor) = end.monitor()
        {
            actor_core::link::forget_end(&export.actor, monitor);
        }
        None
    }

    fn export_of(&self, id: u64) -> Option<Arc<Export>> {
        lock(&self.tables)
            .exports
            .get(&id)
            .map(|exported| Arc::clone(&exported.export))
    }

    fn import_of(&self, id: u64) -> Option<Arc<Import>> {
        lock(&self.tables).imports.get(&id).cloned()
    }

    fn take_pending(&self, reply: u64) -> Option<Arc<dyn ReplySlot>> {
        lock(&self.pending).slots.remove(&reply)
    }

    /// The message that carried this reply was not delivered on the other side.
    fn fail_refused(&self, reply: u64) {
        if let Some(slot) = self.take_pending(reply) {
            let reason = ExitReason::Failed("the other side could not decode the message".into());
            slot.fail(AskError::Failed { reason });
        }
    }
}

/// Closes the link also when its reader is dropped before its end, as when the runtime goes away.
struct CloseOnDrop(Arc<Link>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close("its reader was dropped");
    }
}

/// The way to end the forwarder of a root.
pub(crate) struct RootImport {
    import: Arc<Import>,
}

impl RootImport {
    /// The incarnation has ended.
    pub(crate) fn end(&self, reason: ExitReason) {
        self.import.tell(|news| news.gone = Some(reason));
    }
}

/// Tells the end of an exported actor when its last mark is dropped, or when that takes too long.
struct Gone {
    link: Arc<Link>,
    export: u64,
    reason: ExitReason,
    was_told: AtomicBool,
}

impl Drop for Gone {
    fn drop(&mut self) {
        self.tell();
    }
}

impl Gone {
    /// Once.
    fn tell(&self) {
        if self.was_told.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut reason = Vec::new();
        if actor_core::wire::encode(&self.reason, &mut reason).is_err()
            || reason.len() > self.link.send_limit / 2
        {
            reason.clear();
            let text = self.reason.to_string();
            let text = frame::cut_text(&text, self.link.send_limit / 4);
            let plain = ExitReason::Failed(text.to_owned());
            drop(actor_core::wire::encode(&plain, &mut reason));
        }
        if self.export == ROOT {
            self.link
                .send_behind_large(&Frame::Ended { reason: &reason });
            (self.link.events)(LinkEvent::Ended(self.reason.clone()));
        } else {
            self.link.send_behind_large(&Frame::Gone {
                export: self.export,
                reason: &reason,
            });
        }
    }
}

/// Tells an end whose recipients are stuck. As long as large messages leave somebody is merely slow.
async fn tell_late(late: Weak<Gone>) {
    let mut pieces = None;
    for _ in 0..GONE_ROUNDS {
        tokio::time::sleep(GONE_GRACE).await;
        let Some(told) = late.upgrade() else { return };
        let left = told.link.outbox.pieces_left();
        if left == pieces {
            break;
        }
        pieces = left;
    }
    if let Some(told) = late.upgrade() {
        told.tell();
    }
}

/// How a failed ask looks on the wire.
fn spell_failure(why: &AskError) -> (ReplyFailure, Vec<u8>) {
    let with_reason = |failure, reason: &ExitReason| {
        let mut detail = Vec::new();
        let cut = ExitReason::Failed(frame::cut_text(&reason.to_string(), TEXT_MAX).to_owned());
        let spelt = if reason.to_string().len() > TEXT_MAX {
            &cut
        } else {
            reason
        };
        drop(actor_core::wire::encode(spelt, &mut detail));
        (failure, detail)
    };
    match why {
        AskError::Failed { reason } => with_reason(ReplyFailure::Failed, reason),
        AskError::Stopped {
            reason,
            begun: true,
        } => with_reason(ReplyFailure::Stopped, reason),
        AskError::Stopped {
            reason,
            begun: false,
        } => with_reason(ReplyFailure::StoppedUnbegun, reason),
        AskError::Closed => (ReplyFailure::Closed, Vec::new()),
        AskError::Overflow => (ReplyFailure::Overflow, Vec::new()),
        AskError::WouldDeadlock => (ReplyFailure::WouldDeadlock, Vec::new()),
        AskError::Disconnected { .. } => (ReplyFailure::Disconnected, Vec::new()),
        _ => (ReplyFailure::NoReply, Vec::new()),
    }
}

/// How a failed ask was meant.
fn read_failure(failure: ReplyFailure, detail: &[u8]) -> AskError {
    let reason = || {
        actor_core::wire::decode(detail)
            .unwrap_or_else(|_| ExitReason::Failed(String::from_utf8_lossy(detail).into_owned()))
    };
    match failure {
        ReplyFailure::NoReply => AskError::NoReply,
        ReplyFailure::Failed => AskError::Failed { reason: reason() },
        ReplyFailure::Stopped => AskError::Stopped {
            reason: reason(),
            begun: true,
        },
        ReplyFailure::StoppedUnbegun => AskError::Stopped {
            reason: reason(),
            begun: false,
        },
        ReplyFailure::Closed => AskError::Closed,
        ReplyFailure::Overflow => AskError::Overflow,
        ReplyFailure::Disconnected => AskError::Disconnected { may_have_run: true },
        ReplyFailure::WouldDeadlock => AskError::WouldDeadlock,
    }
}

/// Why a frame ends the link.
fn broken(error: &FrameError) -> String {
    format!("the other side sent what is no frame: {error}")
}
