//! Spreads the files over the workers.

use std::ffi::OsString;
use std::time::Duration;

use actor_pool::Job;
use tokio::time::Instant;

use super::count::{FileCount, count_file};
use super::files::{Skipped, TextFile, dispatch_order};
use super::tally::Tally;
use crate::exit::Failure;
use crate::fleet::{Fleet, Work};
use crate::topology::Stage;
use crate::workers::Crew;

/// The work of a worker.
pub(crate) const COUNT_FILE: Job<OsString, FileCount> =
    Job::new("examples.wordcount.count_file/v1", count_file);

/// The same for a fleet. In virtual time a byte takes ten nanoseconds, and a file that cannot be read none.
const WORK: Work<OsString, FileCount> = Work {
    job: &COUNT_FILE,
    function: count_file,
    span: |path| {
        let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        Duration::from_nanos(bytes.saturating_mul(10))
    },
};

/// Everything that came back from the workers.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The counts of all answers, merged, and what became of each file.
    pub(super) tally: Tally,
    /// Files whose job failed, with the pool's error.
    pub(super) failures: Vec<(usize, String)>,
    /// Files that were never begun, because Ctrl-C came first.
    pub(super) not_begun: usize,
    /// From before the first worker was started to the last answer merged.
    pub(super) elapsed: Duration,
    /// Workers that were started again.
    pub(super) restarts: u64,
}

/// Lets the workers count every file, largest first; `on_answer` sees each answer as it comes, with what was skipped.
///
/// After Ctrl-C nothing more is begun and what is in hand is finished. The workers are gone when this returns.
///
/// # Errors
/// If the workers cannot be started.
pub(super) async fn spread(
    files: &[TextFile],
    crew: Crew,
    stage: &Stage,
    mut on_answer: impl FnMut(Option<&Skipped>),
) -> Result<Gathered, Failure> {
    let begin = Instant::now();
    let fleet = Fleet::start("wordcount", crew, stage).await?;
    let mut gathered = Gathered {
        tally: Tally::new(files.len()),
        failures: Vec::new(),
        not_begun: 0,
        elapsed: Duration::ZERO,
        restarts: 0,
    };

    let order = dispatch_order(files);
    let items = order
        .into_iter()
        .map(|item| (item, files[item].path.clone().into_os_string()));
    let not_begun = fleet.spread(&WORK, items, &stage.interrupt, |item, outcome| {
        match outcome {
            Ok(done) => on_answer(gathered.tally.take_in(item, &files[item], done.value)),
            Err(error) => gathered.failures.push((item, error.to_string())),
        }
        gathered.elapsed = begin.elapsed();
    });
    gathered.not_begun = not_begun.await;
    gathered.restarts = fleet.restarts();
    fleet.close().await;
    Ok(gathered)
}
