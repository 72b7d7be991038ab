//! References inside messages, and the two ends of an actor that a link needs.

use std::any::TypeId;
use std::task::{Context, Poll};

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::codec::{OUTSIDE, caught, decode, drop_caught, encode, failed, hook, keep_reason};
use super::{DeliverError, Encoded, Inlet, Outflow, ProgressWatcher, WireRef};
use crate::cell::{BegunWatcher, Cell};
use crate::dead_letter::DeadLetterReason;
use crate::link::{Outgoing, Outlet, Ready};
use crate::reply_scope::Scope;
use crate::sync::Arc;
use crate::{ActorRef, AskError, ExitReason, Mailbox};

const ROUTED: &str = "the reference of a router cannot travel, since the choice is made by the sender; send one to an actor that forwards to \
                      it";

const MAPPED: &str = "a mapped reference cannot travel, since its function cannot; send the actor's own reference, or one to an \
                      actor that maps";

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
