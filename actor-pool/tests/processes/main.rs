//! Pools whose workers are processes: real ones, with real signals.
//!
//! | file          | what is in it                                                    |
//! |---------------|------------------------------------------------------------------|
//! | `rig.rs`      | the jobs, the pool, and a place where jobs in workers can be met |
//! | `bombs.rs`    | workers that die at every stage of a job                         |
//! | `life.rs`     | where jobs run, who is refused, how a pool starts                |
//! | `limits.rs`   | processes that are replaced, or ended with their job             |
//! | `loss.rs`     | workers that die, with and without a job in hand                 |
//! | `payloads.rs` | arguments and results that cannot travel                         |
//! | `shutdown.rs` | how a pool ends                                                  |
//! | `storm.rs`    | many jobs against many kills, with a ledger                      |
//! | `terms.rs`    | what a caller asks for: aborts, progress, chunks, replacement    |
//! | `window.rs`   | several jobs in the hands of one worker                          |

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "in a test a panic is the report, and workers have last words"
)]

mod bombs;
mod life;
mod limits;
mod loss;
mod payloads;
mod rig;
mod shutdown;
mod storm;
mod terms;
mod window;

/// In an ordinary run this is nothing; pools run this executable again with the name of this test, and then it is their worker.
#[test]
fn this_executable_is_its_own_worker() {
    actor_remote::init(&rig::registry());
}
