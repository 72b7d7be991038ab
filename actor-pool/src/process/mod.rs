//! Workers in child processes.
//!
//! | file        | what is in it                                                                   |
//! |-------------|---------------------------------------------------------------------------------|
//! | `wire.rs`   | what travels over the link, and how a failure is spelt                          |
//! | `frames.rs` | jobs and outcomes on the job socket                                             |
//! | `chunk.rs`  | many small runs of one job in one frame                                         |
//! | `worker.rs` | the worker's side: the root actor                                               |
//! | `runner.rs` | the worker's side: the thread that runs the jobs                                |
//! | `plan.rs`   | how the processes of a pool are started                                         |
//! | `agent.rs`  | the pool's side: starts one worker, and replaces it                             |
//! | `desk.rs`   | the pool's side: what is in that worker's hands, and how it gets there and back |
//! | `outgoing.rs` | what waits to be written to it |
//! | `carrier.rs`| the pool's side: reads a worker's socket, and watches the time                  |
//! | `listener.rs` | the pool's side: hears how far jobs are                                       |
//! | `pace.rs`   | decides how many jobs a worker holds                                            |

mod agent;
mod carrier;
mod chunk;
mod desk;
mod frames;
mod listener;
mod outgoing;
mod pace;
mod plan;
mod runner;
mod shelf;
mod wire;
mod worker;

pub(crate) use agent::{Agent, AgentMsg};
pub(crate) use desk::Desk;
pub(crate) use listener::Listener;
pub(crate) use plan::{Plan, ProcessOptions};
