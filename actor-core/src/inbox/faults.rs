//! What becomes of a message that meets the faults of a test, just before it would begin.
//!
//! Called by the inbox in a simulation only, and only for actors on which a test has set something. What
//! [is set](crate::testing::TestSystem::intercept) decides; this carries it out.
//!
//! 1. A message meets the faults once: not again when it comes back from the stash, nor when it was held up or doubled.
//! 2. Whatever becomes of it, it has left the mailbox, and its room is free.

use std::task::{Context, Poll};
use std::time::Duration;

use super::{Inbox, Next};
use crate::cell::AnyCell;
use crate::dead_letter::DeadLetterReason;
use crate::lifecycle::Request;
use crate::mailbox::queue::{Extra, Item};
use crate::observe;
use crate::reply_scope::Scope;
use crate::runtime::{What, after, sleep_until};
use crate::sync::Arc;
use crate::testing::{Crash, Decision, Fault, decide};
use crate::{ActorRef, AskError, ExitReason};

impl<M: Send + 'static> Inbox<M> {
    /// Goes on from a message that was found to what is to be handled after all.
    #[cold]
    pub(super) fn poll_past_faults(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        loop {
            if let Some(next) = self.meet_faults() {
                return Poll::Ready(next);
            }
            match self.poll_any(cx) {
                Poll::Ready(Next::Message) => {}
                other => return other,
            }
        }
    }

    /// What is next instead of the message that was found; `None` if it is gone.
    fn meet_faults(&mut self) -> Option<Next> {
        let owed = self.rare().owed.take();
        if self.rare().is_past_faults {
            self.rare().owed = owed;
            return Some(Next::Message);
        }
        let is_sent = owed.is_none();
        let message = match owed {
            Some(owed) => owed,
            None => {
                let message = self.take_plain();
                // It is counted when it is handed over.
                self.run -= 1;
                message
            }
        };
        let decision = decide(self.cell.address(), &message, is_sent);
        if let Some(fault) = decision.fault() {
            let name = self.cell.name_of_message();
            observe::fault(self.cell.header(), name, fault);
        }
        self.carry_out(decision, message)
    }

    fn carry_out(&mut self, decision: Decision<M>, message: M) -> Option<Next> {
        match decision {
            Decision::Deliver => return self.hand_over(message),
            Decision::Replace(other) => {
                self.lose(message, &AskError::NoReply);
                return self.hand_over(other);
            }
            Decision::Duplicate(copy) => {
                let copy = Item::Extra(Box::new(Extra::Late(copy)));
                self.batch.put_front(std::iter::once(copy));
                return self.hand_over(message);
            }
            Decision::Drop => {
                let lost = AskError::Disconnected {
                    may_have_run: false,
                };
                self.lose(message, &lost);
                self.cell.dead_letter(DeadLetterReason::Intercepted);
            }
            Decision::Delay(delay) => {
                if let Err(message) = self.hold_up(message, delay) {
                    return self.hand_over(message);
                }
            }
            Decision::Crash(crash) => return Some(self.crash(crash, message)),
        }
        // A turn of its own, as if it had been handled.
        self.run += 1;
        None
    }

    fn hand_over(&mut self, message: M) -> Option<Next> {
        self.rare().owed = Some(message);
        Some(Next::Message)
    }

    /// Drops a message; the replies in it resolve so.
    fn lose(&self, message: M, why: &AskError) {
        let scope = Scope::for_drop();
        crate::panic::discard(message);
        scope.close(|| why.clone());
    }

    /// Puts a message in again later. One that drains, since nobody has a reference to it, waits for nothing.
    fn hold_up(&self, message: M, delay: Duration) -> Result<(), M> {
        let header = self.cell.header();
        let Some(system) = header.system().filter(|_| header.add_ref_to_live()) else {
            return Err(message);
        };
        let actor = ActorRef::from_counted(Arc::clone(&self.cell));
        let held_up = async move {
            sleep_until(after(delay)).await;
            let cell = actor.cell();
            if let Err(Extra::Late(message)) = cell.push_extra(Extra::Late(message)) {
                cell.refuse(message);
            }
        };
        let part = What::Part("a message that a test holds up");
        drop(system.runtime.spawn(part, held_up));
        Ok(())
    }

    fn crash(&mut self, crash: Crash, message: M) -> Next {
        let reason = match &crash {
            Crash::Error(text) => ExitReason::Failed(text.clone()),
            Crash::Panic(text) => ExitReason::Panicked {
                text: text.clone(),
                location: None,
            },
            Crash::Kill => ExitReason::Killed,
        };
        self.lose(message, &AskError::of_end(&reason));
        match crash {
            // A real one, but for the message on standard error.
            Crash::Panic(text) => std::panic::resume_unwind(Box::new(text)),
            Crash::Error(_) => self.rare().end = Some(reason),
            Crash::Kill => self.cell.request_of(self.incarnation, &Request::Kill),
        }
        Next::End
    }
}

impl<M> Decision<M> {
    fn fault(&self) -> Option<Fault> {
        Some(match self {
            Decision::Deliver => return None,
            Decision::Drop => Fault::Dropped,
            Decision::Delay(by) => Fault::Delayed { by: *by },
            Decision::Duplicate(_) => Fault::Duplicated,
            Decision::Replace(_) => Fault::Replaced,
            Decision::Crash(Crash::Error(_)) => Fault::Error,
            Decision::Crash(Crash::Panic(_)) => Fault::Panic,
            Decision::Crash(Crash::Kill) => Fault::Kill,
        })
    }
}
