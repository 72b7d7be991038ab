//! The runner as its users meet it: words in, text and exit code out.
//!
//! | file           | what is in it                                       |
//! |----------------|-----------------------------------------------------|
//! | `runner.rs`    | the runner as a program, and what it has written    |
//! | `usage.rs`     | what is refused, and how                            |
//! | `small.rs`     | the small topologies, each with what it shows       |
//! | `workers.rs`   | topologies that compute in worker processes         |
//! | `interrupt.rs` | Ctrl-C                                              |
//! | `pools.rs`     | chaos, and the zoo of pools                         |

#![expect(
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it should do then"
)]

mod interrupt;
mod pools;
mod runner;
mod small;
mod usage;
mod workers;
