//! What an actor is, apart from its messages: its Rust type and where it runs.
//!
//! A cell is typed by its messages alone, and there may be millions of them; so what only snapshots and warnings ask for is one function
//! pointer, which the place that still knows the type makes.

use std::any::type_name;

use crate::Placement;
use crate::snapshot::Site;

/// See the module's header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind(fn() -> (Option<&'static str>, Site));

impl Kind {
    /// Runs in a process of its own.
    pub(crate) const PROCESS: Kind = Kind(|| (None, Site::Process));
    /// Something else consumes its mailbox.
    pub(crate) const ELSEWHERE: Kind = Kind(|| (None, Site::Elsewhere));

    /// An actor of this process.
    pub(crate) fn of<A>(placement: Placement) -> Kind {
        match placement {
            Placement::Task => Kind(|| (Some(type_name::<A>()), Site::Task)),
            Placement::Thread => Kind(|| (Some(type_name::<A>()), Site::Thread)),
        }
    }

    /// The name of its Rust type, where that is known here.
    pub(crate) fn actor_type(self) -> Option<&'static str> {
        (self.0)().0
    }

    pub(crate) fn site(self) -> Site {
        (self.0)().1
    }
}
