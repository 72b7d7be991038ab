//! Pools whose workers are processes: real ones, with real signals.
//!
//! | file          | what is in it                                                    |
//! |---------------|------------------------------------------------------------------|
//! | `rig.rs`      | the jobs, the pool, and a place where jobs in workers can be met |
//! | `life.rs`     | where jobs run, who is refused, how a pool starts                |
//! | `loss.rs`     | workers that die, with and without a job in hand                 |
//! | `payloads.rs` | arguments and results that cannot travel                         |
//! | `shutdown.rs` | how a pool ends                                                  |

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "in a test a panic is the report, and workers have last words"
)]

mod life;
mod loss;
mod payloads;
mod rig;
mod shutdown;

/// In an ordinary run this is nothing; pools run this executable again with the name of this test, and then it is their worker.
#[test]
fn this_executable_is_its_own_worker() {
    actor_remote::init(&rig::registry());
}
