//! `wordcount`: map-reduce over the text files of a folder, checked against one sequential count.
//!
//! | file        | what is in it                                                     |
//! |-------------|-------------------------------------------------------------------|
//! | `files.rs`  | finding the files of the folder                                   |
//! | `count.rs`  | counting the words of one file, which is the work; merging counts |
//! | `run.rs`    | spreading the files over the workers                              |
//! | `tally.rs`  | what became of every file, and the merged counts                  |
//! | `check.rs`  | the same work in sequence: the truth, and the time to beat        |
//! | `report.rs` | the totals, the verdict, the JSON object                          |

mod check;
mod count;
mod files;
mod report;
mod run;
mod tally;

use std::path::PathBuf;

pub(crate) use self::run::COUNT_FILE;
use crate::exit::Failure;
use crate::topology::{About, Outcome, Stage};
use crate::workers::WorkerArgs;

/// What there is to read about it.
pub(crate) const ABOUT: About = About {
    name: "wordcount",
    summary: "Counts the words in the text files of a folder, map-reduce over supervised workers",
    shows: "\
Map-reduce on real input. Each file is one job: a worker opens it, counts its
words and sends the counts back; the runner merges what arrives. The largest
files go first, so that the last one does not run alone.

A word is a longest run of letters and digits (of any script), lower-cased:
`Don't` is the two words `don` and `t`.

The folder is searched to its bottom, hidden files included; symbolic links
inside it are left alone, so nothing is counted twice and nothing loops. A file
that cannot be read, is no regular file or holds bytes that are no UTF-8 is
named and skipped as a whole, and takes no other file with it.",
    drawing: "\
runner                       finds the files, merges the counts
`-- pool                     hands out files, collects counts
    `-- supervisor           restarts what dies
        |-- process worker   one per --processes, a child process each
        `-- thread worker    one per --threads, a thread of this process each",
    invariant: "\
Every file is counted or skipped exactly once, and the counts are those of one sequential pass
over the same files.",
    at_interrupt: "finishing what is in hand",
};

/// Its parameters.
#[derive(clap::Args, Clone, Debug, PartialEq)]
pub(crate) struct Args {
    /// The folder with the text files, searched to its bottom
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,

    #[command(flatten)]
    workers: WorkerArgs,
}

/// Runs it: the files over the workers, then in sequence, then the verdict.
///
/// # Errors
/// `Failure::Input` or `Failure::Interrupted` before anything is run; `Failure::Machinery` if the workers cannot be started.
pub(crate) async fn run(args: Args, stage: &Stage) -> Result<Outcome, Failure> {
    let crew = args.workers.crew()?;
    let folder = stage.reading(move || files::walk(&args.folder)).await?;
    let bar = stage.console.bar(folder.files.len() as u64, "counting");

    for skipped in &folder.skipped {
        stage.console.line(skipped.to_string());
    }
    let gathered = run::spread(&folder.files, crew, stage, |skipped| {
        if let Some(skipped) = skipped {
            stage.console.line(skipped.to_string());
        }
        bar.inc(1);
    })
    .await;
    bar.finish_and_clear();
    let gathered = gathered?;

    // With the workers gone: both cores would otherwise be shared with what is measured.
    let baseline = check::measure(&folder.files, stage).await?;
    Ok(report::outcome(&folder, crew, &gathered, baseline.as_ref()))
}
