//! Spreads the files over the workers.
//!
//! STAND-IN: counts one file after the other on one thread of this process. The pool goes here: `count_file` becomes a
//! registered job, the crew its workers, and `restarts` comes from it. Nothing outside this file knows the difference.

use std::time::{Duration, Instant};

use super::count::count_file;
use super::files::{Skipped, TextFile, dispatch_order};
use super::tally::Tally;
use crate::exit::Failure;
use crate::topology::Stage;
use crate::workers::Crew;

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
    _crew: Crew,
    stage: &Stage,
    mut on_answer: impl FnMut(Option<&Skipped>),
) -> Result<Gathered, Failure> {
    let begin = Instant::now();
    let mut gathered = Gathered {
        tally: Tally::new(files.len()),
        failures: Vec::new(),
        not_begun: 0,
        elapsed: Duration::ZERO,
        restarts: 0,
    };

    for item in dispatch_order(files) {
        if stage.interrupt.is_requested() {
            gathered.not_begun += 1;
            continue;
        }
        let path = files[item].path.clone();
        let answer = tokio::task::spawn_blocking(move || count_file(path.into_os_string()))
            .await
            .map_err(|error| Failure::machinery("counting a file", error))?;
        on_answer(gathered.tally.take_in(item, &files[item], answer));
        gathered.elapsed = begin.elapsed();
    }
    Ok(gathered)
}
