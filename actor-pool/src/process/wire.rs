//! What travels between a pool and its worker processes, over the link and as the outcome of a job.

use actor_core::panic::Panic;
use actor_core::{ActorRef, Reply};
use actor_remote::Factory;
use serde::{Deserialize, Serialize};

use crate::{JobError, Payload, Progress};

/// The root actor of a worker process.
pub(super) const WORKER: Factory<WorkerArgs, WorkerMsg> = Factory::new("actor-pool.Worker/v2");

/// What the root actor is made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct WorkerArgs {
    /// The name of the worker.
    pub(super) name: String,
    /// The largest encoded result that the pool accepts, in bytes.
    pub(super) result_max: u64,
    /// The largest encoded argument that it sends.
    pub(super) argument_max: u64,
}

/// What the root actor is sent. Jobs go another way: over the socket beside the link.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum WorkerMsg {
    /// Whom to tell how far jobs are. The first message.
    Hello(ActorRef<Told>),
    /// Begin no job up to this number that has not begun. The answer is the number of the first that will not.
    TakeBack(u64, Reply<u64>),
}

/// The name under which references to the listener travel.
pub(super) const TOLD: &str = "actor-pool.Told/v1";

/// How far the job of this key is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Told(pub(super) u64, pub(super) Progress);

/// Why there is no result.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Panicked {
        text: String,
        location: Option<String>,
    },
    BadArgument(String),
    BadResult(String),
    ResultTooLarge {
        bytes: u64,
        limit: u64,
    },
    Unknown,
}

impl Answer {
    /// The error of the job of this name.
    pub(super) fn into_error(self, job: &str) -> JobError {
        match self {
            Answer::Panicked { text, location } => Panic { text, location }.into(),
            Answer::BadArgument(text) => JobError::Codec {
                payload: Payload::Argument,
                text: text.into(),
            },
            Answer::BadResult(text) => JobError::Codec {
                payload: Payload::Result,
                text: text.into(),
            },
            Answer::ResultTooLarge { bytes, limit } => JobError::TooLarge {
                payload: Payload::Result,
                bytes,
                limit,
            },
            Answer::Unknown => JobError::Unknown { job: job.into() },
        }
    }
}
