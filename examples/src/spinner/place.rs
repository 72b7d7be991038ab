//! Starts the slow worker where the user wants it. The reference is the same wherever that is.

use actor_core::prelude::*;

use super::Where;
use super::actors::{Work, Worker};

/// Starts the worker.
///
/// # Errors
/// If it cannot be started; nothing is left of it then.
pub(super) async fn start(system: &ActorSystem, place: Where) -> Result<ActorRef<Work>, BoxError> {
    match place {
        Where::Task => Ok(system
            .actor(Worker::that_waits())
            .name("worker")
            .start()
            .await?),
        Where::Thread => {
            let worker = system
                .actor(Worker::that_blocks())
                .name("worker")
                .placement(Placement::Thread);
            Ok(worker.start().await?)
        }
        // STAND-IN: a process child goes here, its factory makes `Worker::that_blocks()`.
        Where::Process => Err("a worker in a process cannot be started yet".into()),
    }
}
