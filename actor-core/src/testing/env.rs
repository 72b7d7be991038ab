//! What whoever runs the tests says: which seeds, and which schedule. Parsed here, read once per run.

use std::ops::Range;

use std::path::PathBuf;

use super::Schedule;

/// The variable that names a recording to play.
pub(super) const REPLAY: &str = "ACTOR_TEST_REPLAY";
/// The variable that says where failing runs are recorded.
const RECORD: &str = "ACTOR_TEST_RECORD";

/// Of the variables that replay a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) seeds: Option<Range<u64>>,
    pub(super) schedule: Option<Schedule>,
}

impl Wishes {
    /// # Panics
    ///
    /// When a variable cannot be understood: a replay of something else would be worse.
    pub(super) fn from_env() -> Self {
        let read = |name: &str| std::env::var(name).ok();
        let wishes = Wishes::parse(
            read("ACTOR_TEST_SEED").as_deref(),
            read("ACTOR_TEST_SEEDS").as_deref(),
            read("ACTOR_TEST_SCHEDULE").as_deref(),
        );
        let wishes = wishes.and_then(|wishes| match read(REPLAY) {
            Some(file) => replay(&file, &super::run::name_of_test()),
            None => Ok(wishes),
        });
        match wishes {
            Ok(wishes) => wishes,
            Err(problem) => panic!("{problem}"),
        }
    }

    fn parse(
        seed: Option<&str>,
        seeds: Option<&str>,
        schedule: Option<&str>,
    ) -> Result<Self, String> {
        let seeds = match (seed, seeds) {
            (Some(seed), _) => {
                let number = number("ACTOR_TEST_SEED", seed)?;
                Some(number..number.saturating_add(1))
            }
            (None, Some(seeds)) => Some(range(seeds)?),
            (None, None) => None,
        };
        let schedule = schedule.map(schedule_named).transpose()?;
        Ok(Wishes { seeds, schedule })
    }
}

/// A recording has its own seed, and is the schedule.
fn replay(file: &str, test: &str) -> Result<Wishes, String> {
    let told = |problem: String| format!("{REPLAY}={file}: {problem}");
    let schedule = Schedule::replay(file).map_err(|error| told(error.to_string()))?;
    let Schedule::Replay(recording) = &schedule else {
        return Err(told("it is no recording".into()));
    };
    if let Some(objection) = recording.objection(test) {
        return Err(told(objection));
    }
    let seed = recording.seed();
    Ok(Wishes {
        seeds: Some(seed..seed.saturating_add(1)),
        schedule: Some(schedule),
    })
}

/// Where failing runs are to be recorded: in a folder of that name; `1` stands for the folder `tmp` of the build.
pub(super) fn record_folder() -> Option<PathBuf> {
    let wanted = std::env::var(RECORD).ok()?;
    match wanted.as_str() {
        "" | "0" => None,
        "1" => Some(folder_of_build().unwrap_or_else(std::env::temp_dir)),
        folder => Some(folder.into()),
    }
}

/// A test binary stands in `target/<profile>/deps`.
fn folder_of_build() -> Option<PathBuf> {
    let binary = std::env::current_exe().ok()?;
    let deps = binary.ancestors().find(|path| path.ends_with("deps"))?;
    Some(deps.parent()?.parent()?.join("tmp"))
}

fn number(name: &str, text: &str) -> Result<u64, String> {
    let parsed = text.trim().parse();
    parsed.map_err(|_| format!("{name}={text}: a seed is a number from 0 to {}", u64::MAX))
}

fn range(text: &str) -> Result<Range<u64>, String> {
    const NAME: &str = "ACTOR_TEST_SEEDS";
    let Some((from, to)) = text.split_once("..") else {
        return Err(format!("{NAME}={text}: seeds are a range, like 0..1000"));
    };
    let range = number(NAME, from)?..number(NAME, to)?;
    if range.is_empty() {
        return Err(format!("{NAME}={text}: this range of seeds is empty"));
    }
    Ok(range)
}

fn schedule_named(text: &str) -> Result<Schedule, String> {
    let depth = text.strip_prefix("pct:").map(str::parse);
    Ok(match (text, depth) {
        ("mixed", _) => Schedule::Mixed,
        ("fifo", _) => Schedule::Fifo,
        ("random", _) => Schedule::Random,
        (_, Some(Ok(depth))) => Schedule::Pct { depth },
        _ => {
            return Err(format!(
                "ACTOR_TEST_SCHEDULE={text}: it is mixed, fifo, random, or pct: and a depth, like pct:3"
            ));
        }
    })
}

/// The same the other way round; none for one that a variable cannot name.
pub(super) fn name_of(schedule: &Schedule) -> Option<String> {
    match schedule {
        Schedule::Mixed => Some("mixed".to_owned()),
        Schedule::Fifo => Some("fifo".to_owned()),
        Schedule::Random => Some("random".to_owned()),
        Schedule::Pct { depth } => Some(format!("pct:{depth}")),
        Schedule::Replay(_) => None,
    }
}

#[cfg(test)]
mod tests;
