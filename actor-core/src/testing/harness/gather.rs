//! What of all that happened was the doing of the actor under test.

use super::asks::Outcome;
use super::{Effect, Effects, Harness, Whom};
use crate::sync::lock;
use crate::testing::events::{Event, EventKind};
use crate::{Actor, ActorId};

impl<A: Actor> Harness<A> {
    pub(super) fn effects_since(&mut self, before: u64) -> Effects {
        let events = {
            let log = lock(&self.stage.machine.sim.log);
            log.last((log.count() - before) as usize)
        };
        let mut effects = Effects {
            list: self.list(events),
            ..Effects::default()
        };
        self.stage.gather(&mut effects);
        // Those that are over are of no more use.
        self.keep_asks(self.open_asks());
        self.asked.retain_mut(|asked| match asked.outcome() {
            None => true,
            Some(Outcome::Replied(value)) => {
                effects.replies.push(value);
                false
            }
            Some(Outcome::Failed { answer, error }) => {
                effects.list.push(Effect::NotReplied { answer, error });
                false
            }
        });
        effects
    }

    /// What of all that happened was the actor's doing.
    fn list(&self, events: Vec<Event>) -> Vec<Effect> {
        let me = self.actor.id();
        let mut list = Vec::new();
        // The message of an ask is no effect of its own.
        let mut asked = None;
        for event in events {
            // What runs beside an actor, such as an ask in a pipe, has no name.
            let is_mine = |from: Option<ActorId>| match from {
                Some(from) => from == me,
                None => self.stage.has(event.actor),
            };
            let whom = Whom::new(event.actor, event.label);
            let effect = match event.kind {
                EventKind::Asked { from, answer } if is_mine(from) => {
                    asked = Some(event.actor);
                    Some(Effect::Asked { whom, answer })
                }
                EventKind::Sent { from, message } if is_mine(from) => {
                    let is_ask = asked.take() == Some(event.actor);
                    (!is_ask).then_some(Effect::Sent { to: whom, message })
                }
                EventKind::Spawned { by, actor_type, .. } if by == Some(me) => {
                    let actor_type = actor_type.unwrap_or_default();
                    Some(Effect::Spawned { actor_type })
                }
                kind if event.actor == me => self.own(kind),
                _ => None,
            };
            list.extend(effect);
        }
        list
    }

    /// Something that happened to the actor itself.
    fn own(&self, kind: EventKind) -> Option<Effect> {
        let whom = |id| {
            let label = lock(&self.stage.machine.sim.log).label((1, id));
            Whom::new(id, label)
        };
        Some(match kind {
            EventKind::Replied { answer } => Effect::Replied { answer },
            EventKind::Monitored { target } => Effect::Monitored { whom: whom(target) },
            EventKind::Demonitored { target } => Effect::Demonitored { whom: whom(target) },
            EventKind::Linked { target } => Effect::Linked { with: whom(target) },
            EventKind::Unlinked { target } => Effect::Unlinked { with: whom(target) },
            EventKind::TimerSet { key, after } => Effect::TimerSet { key, after },
            EventKind::TimerCancelled { key } => Effect::TimerCancelled { key },
            EventKind::Stopped { reason } => Effect::Stopped {
                reason: (*reason).clone(),
            },
            _ => return None,
        })
    }

    /// What the actor has in hand.
    pub(super) fn in_hand(&self) -> String {
        let me = self.actor.id();
        let events = self.events();
        let last = events.iter().rev().find_map(|event| match event.kind {
            EventKind::Begun { message } if event.actor == me => Some(message),
            _ => None,
        });
        match (last, self.desk.is_running()) {
            (Some(message), true) => format!("a handler (the last message was {message})"),
            (_, true) => "a handler".to_owned(),
            (_, false) => "`started`".to_owned(),
        }
    }

    /// Why the actor has ended, to be added to a sentence.
    pub(super) fn end(&self) -> String {
        let me = self.actor.id();
        let events = self.events();
        let end = events.iter().rev().find_map(|event| match &event.kind {
            EventKind::Stopped { reason } if event.actor == me => Some(reason.to_string()),
            _ => None,
        });
        end.map_or_else(String::new, |reason| format!("; it ended: {reason}"))
    }
}
