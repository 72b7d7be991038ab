//! Hears from all worker processes of a pool how far their jobs are, and notes it.

use std::sync::Arc;

use actor_core::{Actor, ActorResult, Context};

use super::wire::Told;
use crate::arena::Key;
use crate::shared::Shared;

/// See the module's header.
pub(crate) struct Listener {
    shared: Arc<Shared>,
}

impl Listener {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Listener { shared }
    }
}

impl Actor for Listener {
    type Msg = Told;

    async fn handle(&mut self, Told(key, progress): Told, _ctx: &mut Context<Self>) -> ActorResult {
        self.shared.progress(Key::from_bits(key), progress);
        Ok(())
    }
}
