//! What became of every file, and the merged counts: filled by the workers' answers, and once more by the sequential pass.

use super::count::{Counts, FileCount, merge, words};
use super::files::{Skipped, TextFile};

/// What became of one file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate {
    /// Its words are part of the counts.
    Counted {
        /// How many.
        words: u64,
    },
    /// It is left out.
    Skipped,
}

/// The merged counts, and the fate of each file.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Of all counted files together.
    pub(super) counts: Counts,
    /// Their bytes.
    pub(super) bytes: u64,
    /// What was left out and why, in the order of the answers.
    pub(super) skipped: Vec<Skipped>,
    /// By item; `None` is a file without an answer.
    pub(super) fates: Vec<Option<Fate>>,
    /// Answers for a file that had one already; they are not merged.
    pub(super) duplicates: usize,
}

impl Tally {
    /// An empty tally of `len` files.
    pub(super) fn new(len: usize) -> Self {
        Tally {
            fates: vec![None; len],
            ..Tally::default()
        }
    }

    /// Takes in the answer for `file`, which is item `item`; gives back what is skipped by it.
    pub(super) fn take_in(
        &mut self,
        item: usize,
        file: &TextFile,
        answer: FileCount,
    ) -> Option<&Skipped> {
        if self.fates[item].is_some() {
            self.duplicates += 1;
            return None;
        }
        match answer {
            FileCount::Counted { bytes, counts } => {
                self.fates[item] = Some(Fate::Counted {
                    words: words(&counts),
                });
                self.bytes += bytes;
                merge(&mut self.counts, counts);
                None
            }
            FileCount::Skipped { reason } => {
                self.fates[item] = Some(Fate::Skipped);
                self.skipped.push(Skipped {
                    path: file.path.clone(),
                    reason,
                });
                self.skipped.last()
            }
        }
    }

    /// How many files are part of the counts.
    pub(super) fn files_counted(&self) -> usize {
        self.fates
            .iter()
            .filter(|fate| matches!(fate, Some(Fate::Counted { .. })))
            .count()
    }
}
