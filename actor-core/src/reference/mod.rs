//! References to actors.
//!
//! | file | what is in it |
//! |---|---|
//! | `typed.rs` | [`ActorRef`]: what users hold and send through |
//! | `send.rs` | the future of a send; room that was reserved |
//! | `map.rs` | references for messages of another type |
//! | `weak.rs` | [`WeakActorRef`]: does not keep its actor alive |
//! | `untyped.rs` | [`AnyActorRef`]: for monitors, names and stopping |

mod map;
mod send;
mod typed;
mod untyped;
mod weak;

pub use send::{Permit, SendFuture};
pub use typed::ActorRef;
pub use untyped::AnyActorRef;
pub use weak::WeakActorRef;
