//! The actors that the tests run in worker processes, and the registry that both sides build.

mod deeds;
mod messages;
mod rig;

use actor_core::prelude::*;
use actor_remote::{Factory, Registry};

use crate::ledger::{LEDGER, Ledger};

pub use messages::{DoorMsg, Explosive, Nameless, RigArgs, RigMsg, Undecodable, Unencodable};
pub use rig::Rig;

/// The test's end of a door: tells it who knocks.
#[derive(Debug)]
pub struct Door {
    /// Gets every reply; sending it lets in whoever knocked.
    pub knocks: tokio::sync::mpsc::UnboundedSender<Reply<()>>,
}

impl Actor for Door {
    type Msg = DoorMsg;

    async fn handle(
        &mut self,
        DoorMsg::Knock(reply): DoorMsg,
        _ctx: &mut Context<Self>,
    ) -> ActorResult {
        self.knocks.send(reply)?;
        Ok(())
    }
}

/// The test worker's root, as a task of the worker's runtime.
pub const RIG: Factory<RigArgs, RigMsg> = Factory::new("tests.Rig/v1");
/// The same on a thread of its own, so that it may block.
pub const BLOCKING_RIG: Factory<RigArgs, RigMsg> = Factory::new("tests.BlockingRig/v1");
/// Known to the parent only.
pub const UNKNOWN: Factory<RigArgs, RigMsg> = Factory::new("tests.Unknown/v1");

/// What both sides register.
#[must_use]
pub fn registry() -> Registry {
    Registry::builder()
        .factory(RIG, Rig::new)
        .factory_on_thread(BLOCKING_RIG, Rig::new)
        .factory(LEDGER, Ledger::new)
        .message::<u64>("tests.u64/v1")
        .message::<RigMsg>("tests.RigMsg/v1")
        .message::<DoorMsg>("tests.Door/v1")
        .build()
        .expect("the names are unique")
}
