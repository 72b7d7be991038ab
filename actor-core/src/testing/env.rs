//! What whoever runs the tests says: which seeds, and which schedule. Parsed here, read once per run.

use std::ops::Range;

use super::Schedule;

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
