//! What a supervisor is told: calls by its users, events by what it has under way.

use super::plan::Timer;
use super::spec::Spec;
use super::{ChildCounts, ChildInfo, ExitSink, SupervisorError};
use crate::cell::Cell;
use crate::mailbox::queue::Extra;
use crate::sync::Arc;
use crate::{ExitReason, Reply};

pub(super) type Answer<T> = Reply<Result<T, SupervisorError>>;

/// What a supervisor is sent; made by [`SupervisorRef`](crate::SupervisorRef) and by its children's ends.
#[derive(Debug)]
pub struct SupervisorMsg(pub(super) Inner);

#[derive(Debug)]
pub(super) enum Inner {
    Call(Command),
    Event(Origin, Event),
}

#[derive(Debug)]
pub(super) enum Command {
    Start(Arc<Spec>, Answer<()>),
    Restart(String, Answer<()>),
    /// With the address of the actor that asks, if it is one.
    Terminate(String, usize, Answer<()>),
    Delete(String, Answer<()>),
    Which(Answer<Vec<ChildInfo>>),
    Count(Answer<ChildCounts>),
}

/// What an event is about: an attempt of a child, of an incarnation of the supervisor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) incarnation: u32,
    pub(super) timer: Timer,
    pub(super) attempt: u64,
}

#[derive(Debug)]
pub(super) enum Event {
    Started,
    /// It ended, or did not start.
    Ended(ExitReason),
    /// The stop that was asked for is done.
    Halted(ExitReason),
    /// A delay is over.
    Retry,
}

impl SupervisorMsg {
    pub(super) fn call(command: Command) -> Self {
        SupervisorMsg(Inner::Call(command))
    }
}

impl Origin {
    pub(super) fn message(self, event: Event) -> SupervisorMsg {
        SupervisorMsg(Inner::Event(self, event))
    }

    /// Events need no room in the supervisor's mailbox, so a flood of calls cannot hold them up for ever or lose them.
    pub(super) fn tell(self, supervisor: &Arc<Cell<SupervisorMsg>>, event: Event) {
        drop(supervisor.push_extra(Extra::Message(self.message(event))));
    }

    pub(super) fn sink(self, supervisor: &Arc<Cell<SupervisorMsg>>) -> ExitSink {
        let supervisor = Arc::clone(supervisor);
        ExitSink::new(move |reason| self.tell(&supervisor, Event::Ended(reason)))
    }
}
