//! Starts the slow worker where the user wants it. The reference is the same wherever that is.

use actor_core::prelude::*;
use actor_remote::Node;

use super::Where;
use super::actors::{Work, Worker};
use crate::topology::Stage;
use crate::worker_program::{self, SLOW_WORKER};

/// Starts the worker.
///
/// # Errors
/// If it cannot be started; nothing is left of it then.
pub(super) async fn start(
    system: &ActorSystem,
    place: Where,
    stage: &Stage,
) -> Result<ActorRef<Work>, BoxError> {
    match place {
        Where::Task => Ok(system
            .actor(Worker::that_waits())
            .name("worker")
            .start()
            .await?),
        Where::Thread => {
            // Work is a span of virtual time in a simulation, which no thread can sleep through.
            let worker = if stage.is_simulated {
                Worker::that_waits()
            } else {
                Worker::that_blocks()
            };
            let worker = system
                .actor(worker)
                .name("worker")
                .placement(Placement::Thread);
            Ok(worker.start().await?)
        }
        Where::Process => start_process(system).await,
    }
}

/// The supervisor belongs to the system, which ends it and its process.
async fn start_process(system: &ActorSystem) -> Result<ActorRef<Work>, BoxError> {
    let node = Node::new(worker_program::registry());
    let (spec, worker) = node
        .worker("slow-worker", SLOW_WORKER, ())?
        .child()
        .name("worker")
        .build();
    Supervisor::builder(Strategy::OneForOne)
        .child(spec)
        .start(system)
        .await?;
    Ok(worker)
}
