//! Counts the words of one file, which is the work of a worker, and merges counts, which is the work of the runner.
//!
//! A word is a longest run of alphanumeric characters (Unicode), lower-cased. A file is read line by line: no word
//! spans lines, and a binary file is given up at its first line that is no UTF-8.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::str;

use serde::{Deserialize, Serialize};

/// How often each word occurs. Its order means nothing; see [`top`] for one that does.
pub(crate) type Counts = HashMap<String, u64>;

/// What a worker answers for one file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) enum FileCount {
    /// The whole file was counted.
    Counted {
        /// Its size, as read.
        bytes: u64,
        /// How often each of its words occurs in it.
        counts: Counts,
    },
    /// Nothing of the file is counted.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// The job: counts the words of the file at `path`. A fault of the file is an answer, not an error.
///
/// The path is an `OsString`, which travels to another process also where it is no UTF-8.
pub(crate) fn count_file(path: OsString) -> FileCount {
    let counted = File::open(Path::new(&path))
        .map_err(|error| error.to_string())
        .and_then(|file| count_in(BufReader::new(file)));
    match counted {
        Ok((bytes, counts)) => FileCount::Counted { bytes, counts },
        Err(reason) => FileCount::Skipped { reason },
    }
}

fn count_in(mut text: impl BufRead) -> Result<(u64, Counts), String> {
    let mut counts = Counts::new();
    let mut bytes = 0;
    let mut line = Vec::new();
    while read_line(&mut text, &mut line).map_err(|error| error.to_string())? {
        match str::from_utf8(&line) {
            Ok(line) => count_words(line, &mut counts),
            Err(error) => {
                return Err(format!(
                    "not UTF-8 text (at byte {})",
                    bytes + error.valid_up_to() as u64
                ));
            }
        }
        bytes += line.len() as u64;
    }
    Ok((bytes, counts))
}

/// Reads the next line into `line`; false at the end.
fn read_line(text: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    // A byte 0x0A is never part of a longer UTF-8 sequence, so a line of valid text is valid text.
    Ok(text.read_until(b'\n', line)? > 0)
}

/// Adds the words of `text` to `counts`.
fn count_words(text: &str, counts: &mut Counts) {
    let mut lower = String::new();
    for word in text
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        lower.clear();
        if word.is_ascii() {
            lower.push_str(word);
            lower.make_ascii_lowercase();
        } else {
            // Of the whole word at once: what becomes of a sigma depends on its place.
            lower.push_str(&word.to_lowercase());
        }
        match counts.get_mut(&lower) {
            Some(count) => *count += 1,
            None => {
                counts.insert(lower.clone(), 1);
            }
        }
    }
}

/// Adds `from` to `into`.
pub(super) fn merge(into: &mut Counts, from: Counts) {
    for (word, count) in from {
        *into.entry(word).or_default() += count;
    }
}

/// The number of words in `counts`, repeats included.
pub(super) fn words(counts: &Counts) -> u64 {
    counts.values().sum()
}

/// The `len` most frequent words, equally frequent ones by alphabet.
pub(super) fn top(counts: &Counts, len: usize) -> Vec<(&str, u64)> {
    let mut all: Vec<(&str, u64)> = counts
        .iter()
        .map(|(word, &count)| (word.as_str(), count))
        .collect();
    all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    all.truncate(len);
    all
}

#[cfg(test)]
mod tests;
