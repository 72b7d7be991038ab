//! Actors in other processes: child processes, links and the wire protocol.
//!
//! A worker process is an ordinary child of an ordinary supervisor. Its root actor is reached through an ordinary
//! [`ActorRef`](actor_core::ActorRef): the mailbox stands in this process, and a link drains it. References and replies travel inside
//! messages; the derive on the message type is all that a program writes.
//!
//! ```no_run
//! use actor_core::prelude::*;
//! use actor_remote::{Factory, Node, Registry};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! enum EchoMsg { Say(String, Reply<String>) }
//!
//! struct Echo { greeting: String }
//!
//! impl Actor for Echo {
//!     type Msg = EchoMsg;
//!     async fn handle(&mut self, EchoMsg::Say(text, reply): EchoMsg, _ctx: &mut Context<Self>) -> ActorResult {
//!         reply.send(format!("{} {text}", self.greeting));
//!         Ok(())
//!     }
//! }
//!
//! const ECHO: Factory<String, EchoMsg> = Factory::new("demo.Echo/v1");
//!
//! #[tokio::main]
//! async fn main() -> Result<(), BoxError> {
//!     let registry = Registry::builder().factory(ECHO, |greeting| Echo { greeting }).build()?;
//!     actor_remote::init(&registry);
//!
//!     let system = ActorSystem::new("demo");
//!     let node = Node::new(registry);
//!     let (spec, echo) = node.worker("echo", ECHO, "hello,".to_owned())?.child().build();
//!     let sup = Supervisor::builder(Strategy::OneForOne).child(spec).start(&system).await?;
//!     println!("{}", echo.ask(|reply| EchoMsg::Say("world".into(), reply)).await?);
//!     sup.stop();
//!     sup.wait().await;
//!     Ok(())
//! }
//! ```
//!
//! The layers below (frames, sessions, transports, processes) are reachable for this project's own tests and are no part of the contract.
//!
//! Unix only: workers are reached over socket pairs and ended by signals.

#[doc(hidden)]
pub mod blob;
mod entry;
mod factory;
#[doc(hidden)]
pub mod frame;
mod link;
mod node;
#[doc(hidden)]
pub mod process;
#[doc(hidden)]
pub mod registry;
mod runtime;
#[doc(hidden)]
pub mod session;
#[doc(hidden)]
pub mod side;
#[cfg(feature = "testing")]
pub mod testing;
#[doc(hidden)]
pub mod transport;
mod worker;
#[doc(hidden)]
pub mod worker_guard;

pub use blob::Blob;
pub use entry::init;
pub use factory::{Factory, Registry, RegistryBuilder};
pub use node::Node;
pub use registry::RegistryError;
pub use worker::{DEFAULT_WINDOW, PidWatch, WorkerBuilder};
