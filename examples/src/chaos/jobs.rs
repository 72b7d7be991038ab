//! The job of a run: it notes that it begins, and then does what it was told to, also to its process.
//!
//! Runs on threads and in worker processes. On a thread whatever would end the process panics instead, and nothing takes long.

use std::fs::OpenOptions;
use std::io::Write;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actor_pool::{Blob, Job};
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};

use super::script::Deed;

/// The most that an argument may take, in bytes.
pub(super) const ARGUMENT_MAX: usize = 64 * 1024;
/// The most that a result may take, in bytes.
pub(super) const RESULT_MAX: usize = 1024 * 1024;
/// How long a job may run in a process.
pub(super) const TIME_MAX: Duration = Duration::from_millis(250);

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    job: u64,
    deed: Deed,
    /// Where it notes that it begins.
    notes: PathBuf,
    /// How long it takes, if it takes long.
    span: Duration,
    /// Makes it large.
    ballast: Vec<u8>,
}

impl Order {
    pub(super) fn new(job: u64, deed: Deed, notes: &Path, span: Duration) -> Self {
        let ballast = match deed {
            Deed::BigArgument => vec![0; ARGUMENT_MAX + 1],
            _ => Vec::new(),
        };
        Order {
            job,
            deed,
            notes: notes.to_owned(),
            span,
            ballast,
        }
    }
}

/// What comes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Parcel {
    /// Of this job.
    pub(super) job: u64,
    content: Content,
    bulk: Blob,
}

#[derive(Clone, Debug, Deserialize)]
enum Content {
    Fine,
    Garbled,
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Content::Fine => serializer.serialize_unit_variant("Content", 0, "Fine"),
            Content::Garbled => Err(S::Error::custom("there are no words for it")),
        }
    }
}

/// The job, as worker processes know it.
pub(crate) const DO: Job<Order, Parcel> = Job::new("examples.chaos/v1", carry_out);

fn carry_out(order: Order) -> Parcel {
    note(&order);
    let is_process = actor_remote::worker_guard::is_worker();
    match order.deed {
        Deed::Slow => std::thread::sleep(order.span),
        Deed::Stuck if is_process => std::thread::sleep(Duration::from_secs(3600)),
        Deed::Exit | Deed::Poison if is_process => std::process::exit(9),
        Deed::Abort if is_process => std::process::abort(),
        Deed::Panic | Deed::Flaky | Deed::Exit | Deed::Poison | Deed::Abort => {
            // Past the panic hook, which would print it.
            resume_unwind(Box::new(format!("{} on purpose", order.deed)))
        }
        _ => {}
    }
    let bulk = match order.deed {
        Deed::Bulk => RESULT_MAX / 2,
        Deed::BigResult => RESULT_MAX + 1,
        _ => 0,
    };
    let content = match order.deed {
        Deed::Garbled => Content::Garbled,
        _ => Content::Fine,
    };
    Parcel {
        job: order.job,
        content,
        bulk: vec![7; bulk].into(),
    }
}

/// One line in one write, so that lines of several processes do not mix, and what is there stays when this process is killed.
fn note(order: &Order) {
    let line = format!("{}\n", order.job);
    let file = OpenOptions::new().append(true).open(&order.notes);
    let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
    if let Err(error) = written {
        // It shows as a job that has a result and never began.
        tracing::warn!(job = order.job, %error, "a job could not note that it began");
    }
}
