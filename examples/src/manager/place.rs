//! Starts the manager and the clients: in this process, or in processes of their own. The references are the same.

use actor_core::prelude::*;
use actor_remote::Node;

use super::Args;
use super::client::{Client, ClientArgs, ClientMsg};
use super::objects::{Manager, ManagerMsg};
use crate::worker_program::{self, MANAGER, MANAGER_CLIENT};

/// What runs once everything was started.
pub(super) struct Crew {
    /// Makes the objects.
    pub(super) manager: ActorRef<ManagerMsg>,
    /// Use them.
    pub(super) clients: Vec<ActorRef<ClientMsg>>,
}

/// Starts them as tasks of this process.
pub(super) fn start_inside(system: &ActorSystem, args: &Args) -> Crew {
    let clients = args
        .clients()
        .map(|client| system.spawn(Client::new(client)));
    Crew {
        clients: clients.collect(),
        manager: system.spawn(Manager),
    }
}

/// Starts the manager, and the clients that are to have one, in processes of their own; the supervisor ends with the system.
///
/// # Errors
/// If a process cannot be started; nothing is left of the others then.
pub(super) async fn start_processes(system: &ActorSystem, args: &Args) -> Result<Crew, BoxError> {
    let node = Node::new(worker_program::registry());
    // What the objects hold ends with their process, so a new one in its place would be an empty one under the old name.
    let (spec, manager) = node
        .worker("manager", MANAGER, ())?
        .child()
        .name("manager")
        .restart(Restart::Temporary)
        .build();
    let mut supervisor = Supervisor::builder(Strategy::OneForOne).child(spec);
    let mut clients = Vec::new();
    for client in args.clients() {
        if client.number <= args.clients {
            clients.push(system.spawn(Client::new(client)));
            continue;
        }
        let (spec, client) = start_client(&node, client)?;
        supervisor = supervisor.child(spec);
        clients.push(client);
    }
    supervisor.start(system).await?;
    Ok(Crew { manager, clients })
}

fn start_client(
    node: &Node,
    client: ClientArgs,
) -> Result<(ChildSpec, ActorRef<ClientMsg>), BoxError> {
    let id = format!("client-{}", client.number);
    let worker = node.worker(id, MANAGER_CLIENT, client)?;
    Ok(worker.child().restart(Restart::Temporary).build())
}
