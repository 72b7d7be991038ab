//! Faults: what a test does to the messages of an actor just before they would begin, and to the factories of children.
//!
//! | | |
//! |---|---|
//! | [`TestSystem::intercept`](super::TestSystem::intercept) | the test looks at each message and decides its [`Fate`] |
//! | [`TestSystem::crash_next`](super::TestSystem::crash_next) | one message makes the actor fail, panic or die |
//! | [`TestSystem::faults_on`](super::TestSystem::faults_on) | the seed decides, with given chances |
//! | [`TestSystem::replace_factory`](super::TestSystem::replace_factory) | a supervisor starts a stand-in |
//!
//! The [table] holds what is set, by actor; the inbox of an actor asks it, and carries out what it says.

mod crash;
mod fate;
mod random;
mod stand_in;
mod table;

pub use crash::{Crash, When};
pub use fate::{Fate, Fault, Interception};
pub(crate) use random::Chosen;
pub use random::Faults;
pub use stand_in::Which;
pub(crate) use table::{Decision, FaultTable, decide};
