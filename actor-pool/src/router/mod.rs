//! Routers: many actors behind one reference.
//!
//! A [`Router`] starts workers from child specifications, be they tasks, threads or processes, under a supervisor of its own, and gives one
//! [`ActorRef`](actor_core::ActorRef) that stands for all of them. The sender picks the worker, so a message costs one push and no actor stands in
//! between. What was written down as promise P11 holds; the tests are named in `docs/semantics.md`.
//!
//! | file | what it does |
//! |---|---|
//! | `policy` | what a user says |
//! | `choose`, `hash`, `handover` | decide, without a runtime: which worker, which slot of a key, and when a slot may move |
//! | `table` | what senders see |
//! | `published` | how they read it for next to nothing |
//! | `switch`, `every`, `places` | the way of a message, and of those who wait |
//! | `keeper` | the actor that changes the workers and ends the router |
//!
//! # Coming from Akka or ractor
//!
//! `docs/coming-from-akka-and-ractor.md` of the repository has what to write here for each name of Akka's routers and of ractor's factory, each in
//! a tested program. In short:
//!
//! ```
//! # use actor_core::prelude::*;
//! # use actor_core::ChildSpec;
//! # use actor_pool::{Router, RoutingPolicy};
//! # struct Worker;
//! # impl Actor for Worker {
//! #     type Msg = (String, u32);
//! #     async fn handle(&mut self, _: (String, u32), _: &mut Context<Self>) -> ActorResult { Ok(()) }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! # let system = ActorSystem::new("demo");
//! // ractor's `Job { key, msg }` to a factory with `KeyPersistentRouting` and four workers, adjusted to six:
//! let by_user = RoutingPolicy::consistent_hash(|(user, _): &(String, u32)| user.clone());
//! let router = Router::builder(by_user, |id| ChildSpec::new(id, || Worker)).workers(4).start(&system).await?;
//! router.actor_ref().send(("Joe".to_owned(), 1)).await?;
//! router.resize(6).await?;
//! // Akka's `GetRoutees`:
//! assert_eq!(router.workers().len(), 6);
//! # router.shutdown(Duration::from_secs(5)).await;
//! # Ok(()) }
//! ```

mod builder;
mod choose;
mod error;
mod every;
mod handle;
mod handover;
mod hash;
mod keeper;
mod places;
mod policy;
mod published;
mod seat;
mod switch;
mod table;
#[cfg(test)]
mod tests;
mod worker;

pub use builder::RouterBuilder;
pub use error::RouterError;
pub use handle::Router;
pub use policy::RoutingPolicy;
pub use worker::{RouterWorker, RouterWorkerState, WorkerId};
