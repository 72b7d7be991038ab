//! Workers in child processes.
//!
//! | file        | what is in it                                                         |
//! |-------------|-----------------------------------------------------------------------|
//! | `wire.rs`   | what travels: a job by name with its encoded argument, and the answer |
//! | `worker.rs` | the worker's side: the root actor that runs jobs                      |
//! | `plan.rs`   | how the processes of a pool are started                               |
//! | `agent.rs`  | the pool's side: carries jobs to one worker and replaces it           |

mod agent;
mod plan;
mod wire;
mod worker;

pub(crate) use agent::{Agent, AgentMsg};
pub(crate) use plan::{Plan, ProcessOptions};
