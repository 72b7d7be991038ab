//! References and replies that travel inside messages.
//!
//! [`ActorRef`](crate::ActorRef) and [`Reply`](crate::Reply) implement serde's traits through a hook that a link installs around one
//! synchronous encode or decode. The derive on a message type is all that a user writes. Bounds stand on these impls only, and crosswise: to
//! send a reference away, this side must be able to decode the messages that will come back through it; to receive one, to encode those that
//! will leave.
//! Outside of a link, serialising a reference is an error.
//!
//! The encoding is postcard, fixed per protocol version; since these impls are where messages are encoded, it is no trait object.
//!
//! Generic message types need `#[serde(bound = "…")]` with the bounds of their fields, since the derive cannot know that they stand
//! crosswise.

mod codec;
mod depth;
mod reference;
mod reply;

use std::any::TypeId;
use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::link::{Mark, Ready};
use crate::sync::Arc;
use crate::{ActorSystem, AnyActorRef, AskError, ExitReason};

pub use codec::{decode, encode, with_link};
pub use reference::inlet;

/// How a reference looks on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WireRef {
    /// An actor that the sender of this value exports, and the hash of the stable name of its message type.
    Mine(u64, u64),
    /// An actor that the receiver of this value exported.
    Yours(u64),
}

/// Makes the local half of an imported actor: its reference, and the outlet of its mailbox.
pub type OpenImport<'a> = dyn FnMut(&ActorSystem) -> (AnyActorRef, Box<dyn Outflow>) + 'a;

/// What a link does for the references and replies inside a message. Installed by [`with_link`].
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::wire::{Inlet, LinkHook, Outflow, ReplyRoute, ReplySlot, WireRef, decode, encode, with_link};
/// use std::any::TypeId;
/// use std::sync::{Arc, Mutex};
///
/// /// The link of a process to itself: what leaves comes home.
/// #[derive(Default)]
/// struct Loopback { exports: Mutex<Vec<AnyActorRef>> }
///
/// impl LinkHook for Loopback {
///     fn export(&self, actor: AnyActorRef, _message: TypeId, _inlet: Arc<dyn Inlet>) -> Result<WireRef, String> {
///         let mut exports = self.exports.lock().expect("no panic under this lock");
///         exports.push(actor);
///         Ok(WireRef::Yours(exports.len() as u64 - 1))
///     }
///
///     fn own(&self, id: u64) -> Result<AnyActorRef, String> {
///         let exports = self.exports.lock().expect("no panic under this lock");
///         exports.get(id as usize).cloned().ok_or_else(|| format!("nothing was exported as {id}"))
///     }
///
///     fn import(
///         &self,
///         _id: u64,
///         _name: u64,
///         _message: TypeId,
///         _open: &mut actor_core::wire::OpenImport<'_>,
///     ) -> Result<AnyActorRef, String> {
///         Err("nobody is there".to_owned())
///     }
/// #   fn export_reply(&self, _slot: Arc<dyn ReplySlot>) -> u64 { unreachable!("no reply travels in this example") }
/// #   fn import_reply(&self, _id: u64, _remaining: Duration) -> Arc<dyn ReplyRoute> { unreachable!("no reply travels in this example") }
///     // `export_reply` and `import_reply` do the same for replies.
/// }
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.spawn(Sink);
/// let mut bytes = Vec::new();
/// assert!(encode(&sink, &mut bytes).is_err(), "references travel over links only");
/// # bytes.clear();
///
/// let link: Arc<dyn LinkHook> = Arc::new(Loopback::default());
/// with_link(&link, || encode(&sink, &mut bytes))?;
/// let back: ActorRef<u32> = with_link(&link, || decode(&bytes))?;
/// assert_eq!(back, sink);
/// # Ok(()) }
/// ```
pub trait LinkHook: Send + Sync {
    /// A reference leaves. `message` is the type of the actor's messages.
    ///
    /// # Errors
    ///
    /// Why it cannot, as text: the message type has no stable name, say.
    fn export(
        &self,
        actor: AnyActorRef,
        message: TypeId,
        inlet: Arc<dyn Inlet>,
    ) -> Result<WireRef, String>;
    /// A reference to an actor of the other side arrives. `name` is the hash of the
    /// stable name of its message type there, `message` the type here. `open` makes the local half, if there is none yet.
    ///
    /// # Errors
    ///
    /// Why there can be no such reference, as text.
    fn import(
        &self,
        id: u64,
        name: u64,
        message: TypeId,
        open: &mut OpenImport<'_>,
    ) -> Result<AnyActorRef, String>;
    /// A reference comes home.
    ///
    /// # Errors
    ///
    /// This side exports no such actor.
    fn own(&self, id: u64) -> Result<AnyActorRef, String>;
    /// The system on this side of the link, which knows the deadlines of its asks. Without it a reply travels with the whole of its deadline.
    fn system(&self) -> Option<ActorSystem> {
        None
    }
    /// A reply leaves; the answer will come under the returned number.
    fn export_reply(&self, slot: Arc<dyn ReplySlot>) -> u64;
    /// A reply arrives; `remaining` is how long its asker still waits.
    fn import_reply(&self, id: u64, remaining: Duration) -> Arc<dyn ReplyRoute>;
}

/// The receiving end of an exported actor.
pub trait Inlet: Send + Sync {
    /// Decodes a message and puts it into the mailbox, beyond the bound if need be: the link's credits bound it. Returns its number among
    /// all that the mailbox accepted, which [`ProgressWatcher`] will reach.
    ///
    /// # Errors
    ///
    /// It could not be decoded, or the actor has ended. It has become a dead letter, and its replies have resolved.
    fn deliver(&self, bytes: &[u8]) -> Result<u64, DeliverError>;
    /// Calls `watcher` with the count of begun messages, at least every `step` messages and whenever the actor is idle.
    fn watch_progress(&self, watcher: Arc<dyn ProgressWatcher>, step: u32);
}

/// Hears how many messages an actor has begun.
pub trait ProgressWatcher: Send + Sync {
    /// So many messages have begun, of all that the mailbox ever accepted. Returns whether it wants to hear more.
    fn begun(&self, count: u64) -> bool;
}

/// Why a message that came over a link was not put into its mailbox.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::wire::{DeliverError, inlet};
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let sink = system.spawn(Sink);
/// let inlet = inlet(&sink);
/// sink.stop();
/// sink.wait().await;
/// assert_eq!(inlet.deliver(&[7]), Err(DeliverError::Closed));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliverError {
    /// The actor has ended.
    Closed,
    /// The bytes are no such message.
    Undecodable(String),
}

/// A reply slot whose answer will come over a link.
pub trait ReplySlot: Send + Sync {
    /// Decodes the answer.
    fn fulfil(&self, bytes: &[u8]);
    /// There will be no answer.
    fn fail(&self, why: AskError);
    /// The message that carried the reply has left: the link answers for it from here on. `on_close` is called if the asker goes away
    /// before.
    fn hand_over(&self, on_close: Box<dyn FnOnce() + Send>);
}

/// The way back to an asker on the other side of a link.
pub trait ReplyRoute: Send + Sync {
    /// Sends the answer that `encode` appends to a buffer. An error there reaches the asker as a failure.
    fn send(&self, encode: &mut dyn FnMut(&mut Vec<u8>) -> Result<(), String>);
    /// Tells the asker that there will be no answer.
    fn fail(&self, why: AskError);
    /// Whether the asker no longer waits.
    fn is_closed(&self) -> bool;
    /// How long the asker still waits.
    fn remaining(&self) -> Duration;
}

/// An [`Outlet`](crate::link::Outlet) without its message type.
pub trait Outflow: Send {
    /// See [`Outlet::poll_ready`](crate::link::Outlet::poll_ready).
    fn poll_ready(&mut self, cx: &mut Context<'_>, has_credit: bool) -> Poll<Ready>;
    /// Appends the next thing to `out` and tells `done` what it was, before the message and its replies are dropped. Returns `false` when
    /// there is nothing.
    fn encode_next(
        &mut self,
        out: &mut Vec<u8>,
        done: &mut dyn FnMut(&mut Vec<u8>, Encoded),
    ) -> bool;
    /// See [`Outlet::begun`](crate::link::Outlet::begun).
    fn begun(&mut self, count: u64);
    /// See [`Outlet::undeliverable`](crate::link::Outlet::undeliverable).
    fn undeliverable(&mut self, why: String);
    /// See [`Outlet::is_referenced`](crate::link::Outlet::is_referenced).
    fn is_referenced(&self) -> bool;
    /// See [`Outlet::started`](crate::link::Outlet::started).
    fn started(&self);
    /// See [`Outlet::needs_progress`](crate::link::Outlet::needs_progress).
    fn needs_progress(&self) -> bool;
    /// See [`Outlet::in_flight`](crate::link::Outlet::in_flight).
    fn in_flight(&self) -> u64;
    /// See [`Outlet::is_spent`](crate::link::Outlet::is_spent).
    fn is_spent(&self) -> bool;
    /// See [`Outlet::end`](crate::link::Outlet::end).
    fn end(self: Box<Self>, reason: ExitReason);
}

/// What [`Outflow::encode_next`] has done.
#[non_exhaustive]
pub enum Encoded {
    /// A message stands at the end of the buffer.
    Message,
    /// Nothing was appended: all before this mark has been encoded.
    Mark(Mark),
    /// The message could not be encoded. The buffer may end in a part of it.
    Failed(String),
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encoded::Message => "Message",
            Encoded::Mark(_) => "Mark",
            Encoded::Failed(_) => "Failed",
        })
    }
}
