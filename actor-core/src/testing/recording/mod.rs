//! A recording: all that the seed has decided in one run, so that it can be played again without the code that decided it.
//!
//! A simulation makes one when [asked](super::Simulation::record_picks), and writes one to a [file](file) when a run
//! [fails](super::Simulation::record_failures). [`Schedule::replay`](super::Schedule::replay) reads it.

mod file;

use std::fmt;
use std::path::{Path, PathBuf};

use super::faults::Chosen;
use crate::sync::Arc;

pub use file::RecordingError;

/// The picks and the faults of one run.
///
/// # Examples
///
/// ```
/// use actor_core::testing::{Schedule, Simulation};
///
/// # fn main() -> Result<(), actor_core::BoxError> {
/// let first = Simulation::new().seed(7).record_picks(true).run(|_| async {})?;
/// let recording = first.picks.expect("it was asked for");
/// assert_eq!((recording.seed(), recording.len() as u64), (7, first.steps));
///
/// let again = Simulation::new().schedule(Schedule::Replay(recording)).run(|_| async {})?;
/// assert_eq!(again.digest, first.digest);
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Recording {
    pub(super) seed: u64,
    /// Place by place in the list of the ready.
    pub(in crate::testing) picks: Vec<u32>,
    /// By number among all decisions about faults; those that are not here changed nothing.
    pub(super) faults: Vec<(u64, Chosen)>,
    /// What it came to; none if it was changed since.
    pub(super) digest: Option<u64>,
    pub(super) origin: Arc<Origin>,
}

/// Where a recording comes from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// The name of the test.
    pub(super) test: String,
    /// What decided.
    pub(super) schedule: String,
    /// The file that it was read from.
    pub(super) file: Option<PathBuf>,
}

impl Recording {
    /// The seed of the run; what is no pick and no fault still follows from it.
    ///
    /// # Examples
    ///
    /// It stands with [`Recording`].
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many picks it has.
    ///
    /// # Examples
    ///
    /// It stands with [`Recording`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.picks.len()
    }

    /// Whether it has none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// let first = Simulation::new().record_picks(true).run(|_| async {})?;
    /// assert!(!first.picks.expect("it was asked for").is_empty());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.picks.is_empty()
    }

    /// How many faults the seed decided on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// let first = Simulation::new().record_picks(true).run(|_| async {})?;
    /// assert_eq!(first.picks.expect("it was asked for").faults(), 0);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn faults(&self) -> usize {
        self.faults.len()
    }

    /// Keeps the first `count` picks only. What comes behind them is first in, first out, so it is the recording of another run.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::{Schedule, Simulation};
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// let first = Simulation::new().record_picks(true).run(|_| async {})?;
    /// let mut recording = first.picks.expect("it was asked for");
    /// recording.truncate(0);
    /// Simulation::new().schedule(Schedule::Replay(recording)).run(|_| async {})?;
    /// # Ok(()) }
    /// ```
    pub fn truncate(&mut self, count: usize) {
        self.picks.truncate(count);
        self.digest = None;
    }

    /// Writes it to a file, whose folder is made if it is not there.
    ///
    /// # Errors
    ///
    /// What the file system says. The file may be there in part; reading it says so.
    ///
    /// # Examples
    ///
    /// It stands with [`Schedule::replay`](super::Schedule::replay).
    pub fn save(&self, file: impl AsRef<Path>) -> std::io::Result<()> {
        let file = file.as_ref();
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, file::written(self))
    }

    /// Of these picks and nothing else.
    #[cfg(test)]
    pub(in crate::testing) fn of(picks: &[u32]) -> Self {
        Recording {
            seed: 0,
            picks: picks.to_vec(),
            faults: Vec::new(),
            digest: None,
            origin: Arc::default(),
        }
    }

    pub(super) fn load(file: &Path) -> Result<Self, RecordingError> {
        let text = std::fs::read_to_string(file).map_err(|error| RecordingError::Unreadable {
            file: file.to_owned(),
            error: Arc::new(error),
        })?;
        file::read(&text, file)
    }

    /// What is wrong with playing it in this test.
    pub(super) fn objection(&self, test: &str) -> Option<String> {
        let Origin {
            test: recorded,
            file,
            ..
        } = &*self.origin;
        let file = file.as_ref()?;
        (recorded != test).then(|| {
            format!(
                "{} is the recording of a run of {recorded}, and this is {test}: name that test to `cargo test`",
                file.display()
            )
        })
    }

    /// What is wrong with a replay of it that came to this digest.
    pub(super) fn misfit(&self, digest: u64) -> Option<String> {
        let recorded = self.digest.filter(|recorded| *recorded != digest)?;
        let what = match &self.origin.file {
            Some(file) => format!("the recording {}", file.display()),
            None => "the recording".to_owned(),
        };
        Some(format!(
            "{what} does not fit this run, which went another way (digest {digest:016x} instead of {recorded:016x}): the test or what it tests has changed since, or depends on more than the seed"
        ))
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (picks, faults) = (self.len(), self.faults());
        write!(f, "{picks} picks and {faults} faults")
    }
}
