//! Replies inside messages.

use std::time::Duration;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::codec::{OUTSIDE, caught, decode, encode, failed, hook, keep_reason};
use super::{ReplyRoute, ReplySlot};
use crate::reply::{LinkReply, OnClose, Route, Slot};
use crate::reply_scope::Orphan;
use crate::sync::{Arc, AtomicBool, Ordering};
use crate::{AskError, Reply};

#[derive(Serialize, Deserialize)]
struct WireReply {
    id: u64,
    remaining: Duration,
}

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
