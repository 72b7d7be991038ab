//! Recordings as files. Pure: text in, text out.
//!
//! ```text
//! actor-test-recording 1
//! test a_leader_is_elected
//! schedule Random
//! seed 7
//! digest 0123456789abcdef
//! picks 0*12 3 1 0*4
//! faults 12:drop 40:delay/5000000
//! end fedcba9876543210
//! ```
//!
//! `0*12` is twelve zeros. The number at the end is a fingerprint of all lines before.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Origin, Recording};
use crate::sync::Arc;
use crate::testing::digest::Digest;
use crate::testing::faults::Chosen;

const MAGIC: &str = "actor-test-recording";
const VERSION: u32 = 1;

/// Why a file is no recording that could be played.
///
/// Nothing was run. Reading it again says the same, unless the file changes.
///
/// # Examples
///
/// ```
/// use actor_core::testing::{RecordingError, Schedule};
///
/// let error = Schedule::replay("/no/such/file").unwrap_err();
/// assert!(matches!(error, RecordingError::Unreadable { .. }));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RecordingError {
    /// It cannot be read.
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        error: Arc<std::io::Error>,
    },
    /// It is something else.
    NoRecording {
        /// Which.
        file: PathBuf,
    },
    /// It was written by another version of the test kit, whose picks mean something else.
    Version {
        /// Which.
        file: PathBuf,
        /// The version of the file.
        found: String,
    },
    /// It is not as it was written.
    Damaged {
        /// Which.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordingError::Unreadable { file, error } => {
                write!(f, "{} cannot be read: {error}", file.display())
            }
            RecordingError::NoRecording { file } => {
                write!(f, "{} is no recording of a simulation", file.display())
            }
            RecordingError::Version { file, found } => write!(
                f,
                "{} is a recording of version {found}, and this test kit plays version {VERSION}: run its seed again and record that",
                file.display()
            ),
            RecordingError::Damaged { file, why } => {
                write!(f, "the recording {} is damaged: {why}", file.display())
            }
        }
    }
}

impl std::error::Error for RecordingError {}

pub(super) fn written(recording: &Recording) -> String {
    let Recording {
        seed,
        picks,
        faults,
        digest,
        origin,
    } = recording;
    let digest = digest.map_or("none".to_owned(), |digest| format!("{digest:016x}"));
    // One line each, whatever they hold.
    let line = |text: &str| text.replace(['\n', '\r'], " ");
    let mut text = format!(
        "{MAGIC} {VERSION}\ntest {}\nschedule {}\nseed {seed}\ndigest {digest}\n",
        line(&origin.test),
        line(&origin.schedule)
    );
    text.push_str("picks");
    for run in picks.chunk_by(|a, b| a == b) {
        text.push_str(&match run.len() {
            1 => format!(" {}", run[0]),
            length => format!(" {}*{length}", run[0]),
        });
    }
    text.push_str("\nfaults");
    for (number, chosen) in faults {
        text.push_str(&format!(" {number}:{}", word(*chosen)));
    }
    text.push('\n');
    let sum = sum(&text);
    text.push_str(&format!("end {sum:016x}\n"));
    text
}

fn sum(text: &str) -> u64 {
    let mut digest = Digest::default();
    digest.mix_text(text);
    digest.value()
}

fn word(chosen: Chosen) -> String {
    match chosen {
        Chosen::Deliver => "deliver".into(),
        Chosen::Crash => "crash".into(),
        Chosen::Drop => "drop".into(),
        Chosen::Duplicate => "duplicate".into(),
        Chosen::Delay(by) => format!("delay/{}", by.as_nanos()),
    }
}

pub(super) fn read(text: &str, file: &Path) -> Result<Recording, RecordingError> {
    let first = text.lines().next().unwrap_or_default();
    let version = first.strip_prefix(MAGIC).map(str::trim);
    let Some(version) = version else {
        let file = file.to_owned();
        return Err(RecordingError::NoRecording { file });
    };
    if version != VERSION.to_string() {
        return Err(RecordingError::Version {
            file: file.to_owned(),
            found: version.to_owned(),
        });
    }
    parse(text, file).map_err(|why| RecordingError::Damaged {
        file: file.to_owned(),
        why,
    })
}

fn parse(text: &str, file: &Path) -> Result<Recording, String> {
    let end = text.rfind("end ").ok_or("its end is missing")?;
    let (body, last) = text.split_at(end);
    let wanted = u64::from_str_radix(last["end ".len()..].trim(), 16);
    if wanted != Ok(sum(body)) {
        return Err("its fingerprint does not fit".into());
    }
    let mut lines = body.lines().skip(1);
    let mut field = |name: &str| {
        let line = lines.next().and_then(|line| line.strip_prefix(name));
        line.map(str::trim)
            .ok_or_else(|| format!("there is no line {name:?}"))
    };
    let test = field("test")?.to_owned();
    let schedule = field("schedule")?.to_owned();
    let seed = number(field("seed")?)?;
    let digest = match field("digest")? {
        "none" => None,
        digest => Some(u64::from_str_radix(digest, 16).map_err(|_| unclear(digest))?),
    };
    let picks = picks(field("picks")?)?;
    let faults = field("faults")?.split_whitespace().map(fault);
    let faults = faults.collect::<Result<Vec<_>, String>>()?;
    let origin = Arc::new(Origin {
        test,
        schedule,
        file: Some(file.to_owned()),
    });
    Ok(Recording {
        seed,
        picks,
        faults,
        digest,
        origin,
    })
}

fn unclear(text: &str) -> String {
    format!("{text:?} cannot be understood")
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| unclear(text))
}

fn picks(line: &str) -> Result<Vec<u32>, String> {
    let mut picks = Vec::new();
    for run in line.split_whitespace() {
        let (pick, length) = run.split_once('*').unwrap_or((run, "1"));
        picks.extend(std::iter::repeat_n(
            number::<u32>(pick)?,
            number::<usize>(length)?,
        ));
    }
    Ok(picks)
}

fn fault(text: &str) -> Result<(u64, Chosen), String> {
    let (place, chosen) = text.split_once(':').ok_or_else(|| unclear(text))?;
    let chosen = match chosen.split_once('/') {
        Some(("delay", nanos)) => Chosen::Delay(Duration::from_nanos(number(nanos)?)),
        _ => match chosen {
            "crash" => Chosen::Crash,
            "drop" => Chosen::Drop,
            "duplicate" => Chosen::Duplicate,
            _ => return Err(unclear(text)),
        },
    };
    Ok((number(place)?, chosen))
}

#[cfg(test)]
mod tests;
