//! References and replies that travel inside messages.
//!
//! [`ActorRef`] and [`Reply`] implement serde's traits through a hook that a link installs around one synchronous encode or decode. The
//! derive on a message type is all that a user writes. Bounds stand on these impls only, and crosswise: to send a reference away, this
//! side must be able to decode the messages that will come back through it; to receive one, to encode those that will leave.
//! Outside of a link, serialising a reference is an error.
//!
//! The encoding is postcard, fixed per protocol version; since these impls are where messages are encoded, it is no trait object.
//!
//! Generic message types need `#[serde(bound = "…")]` with the bounds of their fields, since the derive cannot know that they stand
//! crosswise.

mod depth;

use std::any::TypeId;
use std::cell::RefCell;
use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cell::{BegunWatcher, Cell};
use crate::dead_letter::DeadLetterReason;
use crate::link::{Mark, Outgoing, Outlet, Ready};
use crate::reply::{LinkReply, OnClose, Route, Slot};
use crate::reply_scope::{Orphan, Scope};
use crate::sync::{Arc, AtomicBool, Ordering};
use crate::{ActorRef, ActorSystem, AnyActorRef, AskError, ExitReason, Mailbox, Reply};

/// How a reference looks on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WireRef {
    /// An actor that the sender of this value exports, and the hash of the stable name of its message type.
    Mine(u64, u64),
    /// An actor that the receiver of this value exported.
    Yours(u64),
}

#[derive(Serialize, Deserialize)]
struct WireReply {
    id: u64,
    remaining: Duration,
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

/// An [`Outlet`] without its message type.
pub trait Outflow: Send {
    /// See [`Outlet::poll_ready`].
    fn poll_ready(&mut self, cx: &mut Context<'_>, has_credit: bool) -> Poll<Ready>;
    /// Appends the next thing to `out` and tells `done` what it was, before the message and its replies are dropped. Returns `false` when
    /// there is nothing.
    fn encode_next(
        &mut self,
        out: &mut Vec<u8>,
        done: &mut dyn FnMut(&mut Vec<u8>, Encoded),
    ) -> bool;
    /// See [`Outlet::begun`].
    fn begun(&mut self, count: u64);
    /// See [`Outlet::undeliverable`].
    fn undeliverable(&mut self, why: String);
    /// See [`Outlet::is_referenced`].
    fn is_referenced(&self) -> bool;
    /// See [`Outlet::started`].
    fn started(&self);
    /// See [`Outlet::needs_progress`].
    fn needs_progress(&self) -> bool;
    /// See [`Outlet::in_flight`].
    fn in_flight(&self) -> u64;
    /// See [`Outlet::is_spent`].
    fn is_spent(&self) -> bool;
    /// See [`Outlet::end`].
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

thread_local! {
    static HOOK: RefCell<Option<Arc<dyn LinkHook>>> = const { RefCell::new(None) };
}

/// Runs one encode or decode, or a batch of them, with this link at hand. Nests. The example stands with [`LinkHook`].
pub fn with_link<R>(hook: &Arc<dyn LinkHook>, run: impl FnOnce() -> R) -> R {
    struct Restore(Option<Arc<dyn LinkHook>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let inner = HOOK.replace(self.0.take());
            drop(inner);
        }
    }
    let _restore = Restore(HOOK.replace(Some(Arc::clone(hook))));
    run()
}

fn hook() -> Option<Arc<dyn LinkHook>> {
    HOOK.with_borrow(Option::clone)
}

const OUTSIDE: &str =
    "references and replies can be serialised only inside a message that goes over a link";

const ROUTED: &str = "the reference of a router cannot travel, since the choice is made by the sender; send one to an actor that forwards to \
                      it";
const MAPPED: &str = "a mapped reference cannot travel, since its function cannot; send the actor's own reference, or one to an \
                      actor that maps";

/// Appends a value in the encoding of links.
///
/// # Errors
///
/// What its `Serialize` says. The buffer may end in a part of it.
///
/// # Examples
///
/// ```
/// use actor_core::wire::{decode, encode};
///
/// # fn main() -> Result<(), String> {
/// let mut bytes = Vec::new();
/// encode(&("seven", 7_u32), &mut bytes)?;
/// assert_eq!(decode::<(String, u32)>(&bytes)?, ("seven".to_owned(), 7));
/// # Ok(()) }
/// ```
pub fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), String> {
    struct Append<'a>(&'a mut Vec<u8>);
    impl postcard::ser_flavors::Flavor for Append<'_> {
        type Output = ();
        #[inline]
        fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
            self.0.extend_from_slice(data);
            Ok(())
        }
        #[inline]
        fn try_push(&mut self, data: u8) -> postcard::Result<()> {
            self.0.push(data);
            Ok(())
        }
        fn finalize(self) -> postcard::Result<()> {
            Ok(())
        }
    }
    postcard::serialize_with_flavor(value, Append(out)).map_err(|error| explain(&error))
}

/// Decodes a value in the encoding of links; all bytes must belong to it.
///
/// # Errors
///
/// The bytes are no such value, or one that is nested more than 128 levels deep: a stranger's bytes must not overflow the stack.
///
/// # Examples
///
/// ```
/// use actor_core::wire::decode;
///
/// assert_eq!(decode::<u8>(&[7]), Ok(7));
/// assert_eq!(decode::<u8>(&[7, 8]), Err("1 bytes too many".to_owned()));
/// assert!(decode::<u8>(&[]).is_err());
/// ```
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let mut postcard = postcard::Deserializer::from_bytes(bytes);
    let value = T::deserialize(depth::Limited::new(&mut postcard));
    match value.and_then(|value| Ok((value, postcard.finalize()?))) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes too many", rest.len())),
        Err(error) => Err(explain(&error)),
    }
}

/// Runs the serde code of a user's type: a panic in it is an error of that message only, not the end of the link.
fn caught<T>(code: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    crate::guard::caught(code).unwrap_or_else(|panicked| Err(panicked.to_string()))
}

/// Drops a message; a panic in that harms nobody else.
fn drop_caught<M>(message: M) {
    if let Err(panicked) = crate::guard::caught(|| drop(message)) {
        tracing::error!(message_type = std::any::type_name::<M>(), %panicked, "the drop of a message panicked");
    }
}

thread_local! {
    /// Postcard drops the text of a custom error; this keeps it.
    static REASON: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn explain(error: &postcard::Error) -> String {
    REASON.take().unwrap_or_else(|| error.to_string())
}

fn keep_reason(reason: String) -> String {
    REASON.set(Some(reason.clone()));
    reason
}

// References.

impl<M: DeserializeOwned + Send + 'static> Serialize for ActorRef<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.cell().sink().is_some() {
            return Err(S::Error::custom(keep_reason(MAPPED.into())));
        }
        if self.cell().route().is_some() {
            return Err(S::Error::custom(keep_reason(ROUTED.into())));
        }
        let hook = hook().ok_or_else(|| S::Error::custom(keep_reason(OUTSIDE.into())))?;
        let inlet = Arc::new(TypedInlet {
            cell: Arc::clone(self.cell()),
        });
        let wire = hook.export(self.any(), TypeId::of::<M>(), inlet);
        wire.map_err(|why| S::Error::custom(keep_reason(why)))?
            .serialize(serializer)
    }
}

impl<'de, M: Serialize + Send + 'static> Deserialize<'de> for ActorRef<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireRef::deserialize(deserializer)?;
        let hook = hook().ok_or_else(|| D::Error::custom(keep_reason(OUTSIDE.into())))?;
        let actor = match wire {
            WireRef::Yours(id) => hook.own(id),
            WireRef::Mine(id, name) => hook.import(id, name, TypeId::of::<M>(), &mut |system| {
                let (actor, outlet) = Outlet::<M>::open(system, Mailbox::default());
                (actor.any(), Box::new(outlet))
            }),
        };
        let actor = actor.map_err(|why| D::Error::custom(keep_reason(why)))?;
        actor.typed::<M>().ok_or_else(|| {
            let found = actor.message_type();
            let wanted = std::any::type_name::<M>();
            D::Error::custom(keep_reason(format!(
                "a reference to an actor of {found} came as one of {wanted}"
            )))
        })
    }
}

struct TypedInlet<M> {
    cell: Arc<Cell<M>>,
}

impl<M: DeserializeOwned + Send + 'static> TypedInlet<M> {
    /// The message and its priority: both are made by the user's code.
    fn decode(&self, bytes: &[u8]) -> Result<(M, i64), DeliverError> {
        // Replies inside a message that is dropped half-way resolve as failed.
        let scope = Scope::for_drop();
        let ranked = |message| self.cell.rank(message);
        match caught(|| decode(bytes).map(ranked)) {
            Ok((rank, message)) => Ok((message, rank)),
            Err(why) => {
                scope.close(|| failed(format!("the message could not be decoded: {why}")));
                self.cell
                    .dead_letter(DeadLetterReason::Undecodable(why.clone()));
                Err(DeliverError::Undecodable(why))
            }
        }
    }

    fn refused(&self, message: M) -> DeliverError {
        let scope = Scope::for_drop();
        drop_caught(message);
        let reason = self.cell.last_reason();
        self.cell
            .dead_letter(DeadLetterReason::Stopped(reason.clone()));
        scope.close(|| AskError::Stopped {
            reason: reason.clone(),
            begun: false,
        });
        DeliverError::Closed
    }
}

fn failed(why: String) -> AskError {
    AskError::Failed {
        reason: ExitReason::Failed(why),
    }
}

impl<M: DeserializeOwned + Send + 'static> Inlet for TypedInlet<M> {
    fn deliver(&self, bytes: &[u8]) -> Result<u64, DeliverError> {
        let (message, rank) = self.decode(bytes)?;
        self.cell
            .push_exempt(message, rank)
            .map_err(|message| self.refused(message))
    }

    fn watch_progress(&self, watcher: Arc<dyn ProgressWatcher>, step: u32) {
        struct Adapter(Arc<dyn ProgressWatcher>);
        impl BegunWatcher for Adapter {
            fn begun(&self, count: u64) -> bool {
                self.0.begun(count)
            }
        }
        self.cell
            .add_begun_watcher(Arc::new(Adapter(watcher)), step);
    }
}

/// The receiving end of an actor, for a link that exports it by other means than inside a message.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::wire::{DeliverError, encode, inlet};
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
/// let mut bytes = Vec::new();
/// encode(&7_u32, &mut bytes)?;
/// assert_eq!(inlet.deliver(&bytes), Ok(1), "the first message that it accepted");
/// assert!(matches!(inlet.deliver(&[]), Err(DeliverError::Undecodable(_))));
/// # Ok(()) }
/// ```
pub fn inlet<M: DeserializeOwned + Send + 'static>(actor: &ActorRef<M>) -> Arc<dyn Inlet> {
    Arc::new(TypedInlet {
        cell: Arc::clone(actor.cell()),
    })
}

impl<M: Serialize + Send + 'static> Outflow for Outlet<M> {
    fn poll_ready(&mut self, cx: &mut Context<'_>, has_credit: bool) -> Poll<Ready> {
        Outlet::poll_ready(self, cx, has_credit)
    }

    fn encode_next(
        &mut self,
        out: &mut Vec<u8>,
        done: &mut dyn FnMut(&mut Vec<u8>, Encoded),
    ) -> bool {
        let message = match self.next_out() {
            None => return false,
            Some(Outgoing::Mark(mark)) => {
                done(out, Encoded::Mark(mark));
                return true;
            }
            Some(Outgoing::Message(message)) => message,
        };
        match caught(|| encode(&message, out)) {
            Ok(()) => done(out, Encoded::Message),
            Err(why) => {
                self.undeliverable(why.clone());
                done(out, Encoded::Failed(why.clone()));
                // Replies that the encoding had not come to yet fail like those that it had.
                let scope = Scope::for_drop();
                drop_caught(message);
                scope.close(|| failed(format!("the message could not be sent: {why}")));
                return true;
            }
        }
        drop_caught(message);
        true
    }

    fn begun(&mut self, count: u64) {
        Outlet::begun(self, count);
    }

    fn undeliverable(&mut self, why: String) {
        Outlet::undeliverable(self, why);
    }

    fn is_referenced(&self) -> bool {
        Outlet::is_referenced(self)
    }

    fn started(&self) {
        Outlet::started(self);
    }

    fn needs_progress(&self) -> bool {
        Outlet::needs_progress(self)
    }

    fn in_flight(&self) -> u64 {
        Outlet::in_flight(self)
    }

    fn is_spent(&self) -> bool {
        Outlet::is_spent(self)
    }

    fn end(self: Box<Self>, reason: ExitReason) {
        Outlet::end(*self, reason);
    }
}

// Replies.

impl<T: DeserializeOwned + Send + 'static> Serialize for Reply<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hook = hook().ok_or_else(|| S::Error::custom(keep_reason(OUTSIDE.into())))?;
        let (slot, remaining): (Arc<dyn ReplySlot>, Duration) = match self.route() {
            Some(Route::Local(slot)) => (
                Arc::new(LocalSlot {
                    slot: Arc::clone(slot),
                }),
                slot.remaining(
                    hook.system()
                        .as_ref()
                        .map(|system| &*system.core().timekeeper),
                ),
            ),
            Some(Route::Link(reply)) => (
                Arc::new(Relayed {
                    reply: Arc::clone(&**reply),
                }),
                reply.remaining(),
            ),
            None => {
                return Err(S::Error::custom(keep_reason(
                    "a reply that was answered cannot travel".into(),
                )));
            }
        };
        WireReply {
            id: hook.export_reply(slot),
            remaining,
        }
        .serialize(serializer)
    }
}

impl<'de, T: Serialize + Send + 'static> Deserialize<'de> for Reply<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireReply::deserialize(deserializer)?;
        let hook = hook().ok_or_else(|| D::Error::custom(keep_reason(OUTSIDE.into())))?;
        let route = hook.import_reply(wire.id, wire.remaining);
        let reply = Arc::new(Away {
            route,
            done: AtomicBool::new(false),
        });
        Ok(Reply::from_route(Route::Link(Box::new(reply))))
    }
}

/// A slot of this side whose reply went over a link.
struct LocalSlot<T> {
    slot: Arc<Slot<T>>,
}

impl<T: DeserializeOwned + Send + 'static> ReplySlot for LocalSlot<T> {
    fn fulfil(&self, bytes: &[u8]) {
        let value = caught(|| decode(bytes))
            .map_err(|why| failed(format!("the answer could not be decoded: {why}")));
        self.slot.fulfil(value);
    }

    fn fail(&self, why: AskError) {
        self.slot.fulfil(Err(why));
    }

    fn hand_over(&self, on_close: OnClose) {
        self.slot.hand_over(on_close);
    }
}

/// A reply that came over one link and left over another, or the same.
struct Relayed<T> {
    reply: Arc<dyn LinkReply<T>>,
}

impl<T: DeserializeOwned + Send + 'static> ReplySlot for Relayed<T> {
    fn fulfil(&self, bytes: &[u8]) {
        match caught(|| decode(bytes)) {
            Ok(value) => self.reply.send(value),
            Err(why) => self
                .reply
                .fail(failed(format!("the answer could not be decoded: {why}"))),
        }
    }

    fn fail(&self, why: AskError) {
        self.reply.fail(why);
    }

    fn hand_over(&self, _on_close: OnClose) {
        self.reply.hand_over();
    }
}

/// A reply of this side whose asker is on the other.
struct Away {
    route: Arc<dyn ReplyRoute>,
    /// Answered, or handed on to another link that answers.
    done: AtomicBool,
}

impl Orphan for Away {
    fn orphaned(&self, why: AskError) {
        if !self.done.swap(true, Ordering::AcqRel) {
            self.route.fail(why);
        }
    }
}

impl<T: Serialize + Send + 'static> LinkReply<T> for Away {
    fn send(&self, value: T) {
        self.done.store(true, Ordering::Release);
        self.route.send(&mut |out| caught(|| encode(&value, out)));
    }

    fn fail(&self, why: AskError) {
        self.done.store(true, Ordering::Release);
        self.route.fail(why);
    }

    fn hand_over(&self) {
        self.done.store(true, Ordering::Release);
    }

    fn remaining(&self) -> Duration {
        self.route.remaining()
    }

    fn is_closed(&self) -> bool {
        self.route.is_closed()
    }
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
