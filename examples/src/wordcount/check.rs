//! The same work in sequence: gives the right counts, and the time that the workers are compared with.

use std::time::Duration;

use tokio::time::Instant;

use super::count::count_file;
use super::files::TextFile;
use super::tally::Tally;
use crate::exit::Failure;
use crate::topology::Stage;

/// What the sequential pass counted.
#[derive(Debug)]
pub(super) struct Baseline {
    /// The counts and the fate of each file.
    pub(super) tally: Tally,
    /// How long all of them took.
    pub(super) elapsed: Duration,
}

/// Counts all files one after the other; `None` if Ctrl-C came before the end.
///
/// # Errors
/// If the pass itself panics, which would be a defect of the runner.
pub(super) async fn measure(
    files: &[TextFile],
    stage: &Stage,
) -> Result<Option<Baseline>, Failure> {
    let bar = stage.console.bar(files.len() as u64, "in sequence");
    let (files, interrupt, steps) = (files.to_vec(), stage.interrupt.clone(), bar.clone());

    // On a thread of its own: it computes for long, and the runtime has Ctrl-C to listen for.
    let pass = stage.aside(move || {
        let begin = Instant::now();
        let mut tally = Tally::new(files.len());
        for (item, file) in files.iter().enumerate() {
            if interrupt.is_requested() {
                return None;
            }
            tally.take_in(item, file, count_file(file.path.clone().into_os_string()));
            steps.inc(1);
        }
        Some(Baseline {
            tally,
            elapsed: begin.elapsed(),
        })
    });
    let baseline = pass
        .await
        .map_err(|error| Failure::machinery("counting the files in sequence", error));
    bar.finish_and_clear();
    baseline
}
