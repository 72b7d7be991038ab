//! Pools whose workers are threads of this process.
//!
//! | file            | what is in it                                              |
//! |-----------------|------------------------------------------------------------|
//! | `rig.rs`        | the jobs, the pool, and a gate that keeps a worker busy    |
//! | `jobs.rs`       | where jobs run, how they fail, how they are called off     |
//! | `maps.rs`       | order, look-ahead, and what is left when a map is dropped  |
//! | `submission.rs` | who waits for room, and who gets it                        |
//! | `shutdown.rs`   | how a pool ends                                            |

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod jobs;
mod maps;
mod rig;
mod shutdown;
mod submission;
