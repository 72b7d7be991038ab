//! What stands around the actor of a harness: stand-ins for the actors that it knows.
//!
//! A stand-in is a real actor on a real cell that keeps what it gets. Its messages stay with the stage until the test takes them, so an
//! ask of the actor stays open until it is answered.

use std::any::{Any, type_name};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::effects::{Captured, Effects};
use super::machine::Machine;
use crate::sync::{Arc, Mutex, lock};
use crate::{Actor, ActorId, ActorRef, ActorResult, Context};

/// What a stand-in got and the stage has not gathered yet.
type Got<M> = Arc<Mutex<Vec<M>>>;

struct StandIn<M>(Got<M>);

impl<M: Send + 'static> Actor for StandIn<M> {
    type Msg = M;

    async fn handle(&mut self, message: M, _: &mut Context<Self>) -> ActorResult {
        lock(&self.0).push(message);
        Ok(())
    }
}

/// A stand-in, as the stage holds it.
struct Part<M: Send + 'static> {
    actor: ActorRef<M>,
    got: Got<M>,
    /// Those that the test has not taken.
    kept: Vec<Rc<M>>,
}

trait AnyPart: Any {
    fn id(&self) -> ActorId;
    fn gather(&mut self) -> Vec<Rc<dyn Any>>;
    fn as_any(&mut self) -> &mut dyn Any;
    fn message_type(&self) -> &'static str;
}

impl<M: Send + 'static> AnyPart for Part<M> {
    fn id(&self) -> ActorId {
        self.actor.id()
    }

    fn gather(&mut self) -> Vec<Rc<dyn Any>> {
        let got = std::mem::take(&mut *lock(&self.got));
        let got: Vec<Rc<M>> = got.into_iter().map(Rc::new).collect();
        self.kept.extend(got.iter().cloned());
        got.into_iter().map(|got| got as Rc<dyn Any>).collect()
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn message_type(&self) -> &'static str {
        type_name::<M>()
    }
}

/// What an actor is made with: see [`Harness::with`](super::Harness::with).
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::testing::Harness;
///
/// struct Relay { to: ActorRef<u32> }
///
/// impl Actor for Relay {
///     type Msg = u32;
///
///     async fn handle(&mut self, number: u32, _ctx: &mut Context<Self>) -> ActorResult {
///         Ok(self.to.send(number).await?)
///     }
/// }
///
/// let mut harness = Harness::with(|stage| Relay { to: stage.reference("next") });
/// let next = harness.reference::<u32>("next"); // By the same name the same one.
/// assert_eq!(harness.send(7).sent_to(&next), [&7]);
/// ```
pub struct Stage {
    pub(super) machine: Machine,
    parts: BTreeMap<String, Box<dyn AnyPart>>,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stage").field(&self.parts.keys()).finish()
    }
}

impl Stage {
    #[track_caller]
    pub(super) fn new() -> Self {
        Stage {
            machine: Machine::new(),
            parts: BTreeMap::new(),
        }
    }

    /// A reference to a stand-in, which keeps what it is sent. By the same name it is the same one; it is registered under that name, so an
    /// actor may look it up as well.
    ///
    /// # Panics
    ///
    /// If there is one of that name for other messages.
    ///
    /// # Examples
    ///
    /// See [`Stage`].
    #[track_caller]
    pub fn reference<M: Send + 'static>(&mut self, name: &str) -> ActorRef<M> {
        if let Some(part) = self.parts.get_mut(name) {
            let theirs = part.message_type();
            return match part.as_any().downcast_ref::<Part<M>>() {
                Some(part) => part.actor.clone(),
                None => panic!(
                    "the stand-in {name:?} is for {theirs}, and not for {}",
                    type_name::<M>()
                ),
            };
        }
        let got = Got::<M>::default();
        let (system, called, stand_in) = (
            self.machine.system.clone(),
            name.to_owned(),
            StandIn(Arc::clone(&got)),
        );
        let started = self
            .machine
            .run(async move { system.actor(stand_in).name(called).start().await });
        let actor = match started {
            Ok(actor) => actor,
            Err(error) => panic!("there can be no stand-in {name:?}: {error}"),
        };
        let part = Part {
            actor: actor.clone(),
            got,
            kept: Vec::new(),
        };
        self.parts.insert(name.to_owned(), Box::new(part));
        actor
    }

    /// What the stand-ins have got since.
    pub(super) fn gather(&mut self, effects: &mut Effects) {
        for part in self.parts.values_mut() {
            let by = part.id();
            effects.stand_ins.push(by);
            let got = part.gather().into_iter();
            effects
                .captured
                .extend(got.map(|message| Captured { by, message }));
        }
    }

    pub(super) fn has(&self, id: ActorId) -> bool {
        self.parts.values().any(|part| part.id() == id)
    }

    /// Takes what a stand-in has got.
    #[track_caller]
    pub(super) fn take<M: Send + 'static>(&mut self, stand_in: &ActorRef<M>) -> Vec<M> {
        let mut parts = self.parts.values_mut();
        let Some(part) = parts.find(|part| part.id() == stand_in.id()) else {
            panic!("{} is no stand-in of this harness", stand_in.id());
        };
        let part = part.as_any().downcast_mut::<Part<M>>();
        let part = part.expect("an actor has one type of messages");
        let kept = std::mem::take(&mut part.kept).into_iter();
        let owned = kept.map(|message| match Rc::try_unwrap(message) {
            Ok(message) => message,
            Err(_) => panic!(
                "the Effects of the call in which this message was sent hold it as well: drop them before it is taken"
            ),
        });
        owned.collect()
    }
}
