//! Four workloads of the Savina suite (S. Imam, V. Sarkar, "Savina: an actor benchmark suite", AGERE! 2014), told from its description:
//! the same actors, messages and order of events. The parameters stand in `sizes.rs`, with the published ones. As there, the clock
//! stops when every actor has ended.

mod big;
mod fork_join;
mod ping_pong;

pub(crate) use big::big;
pub(crate) use fork_join::{create, throughput};
pub(crate) use ping_pong::ping_pong;

use super::{Behaviour, RUN, Stage, nanos_per};
