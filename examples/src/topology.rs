//! The table of contents: every topology of the runner, and what a topology is.
//!
//! A topology is a module with an `ABOUT` (what `describe` prints), an `Args` (its typed parameters) and a `run`. To add
//! one: write the module, then give it a variant in [`Selection`], an arm in [`Selection::run`] and a place in [`ALL`].

use std::time::Duration;

use clap::Subcommand;
use serde_json::Value;
use tokio::task::JoinError;
use tracing::level_filters::LevelFilter;

use crate::console::Console;
use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::{
    bank, chaos, countdown, hello, manager, pipeline, pool_zoo, primes, producer_consumer, pubsub,
    spinner, wordcount,
};

/// What there is to read about a topology. The texts are wrapped by hand, at most 80 columns.
#[derive(Debug)]
pub(crate) struct About {
    /// The word after `run`.
    pub(crate) name: &'static str,
    /// One line.
    pub(crate) summary: &'static str,
    /// What someone can learn from it.
    pub(crate) shows: &'static str,
    /// Its actors as a tree.
    pub(crate) drawing: &'static str,
    /// What must be true at the end, and decides the exit code.
    pub(crate) invariant: &'static str,
    /// What it does after the first Ctrl-C.
    pub(crate) at_interrupt: &'static str,
}

/// Every topology, simplest first.
pub(crate) const ALL: [&About; 12] = [
    &hello::ABOUT,
    &bank::ABOUT,
    &countdown::ABOUT,
    &pubsub::ABOUT,
    &pipeline::ABOUT,
    &producer_consumer::ABOUT,
    &spinner::ABOUT,
    &manager::ABOUT,
    &primes::ABOUT,
    &wordcount::ABOUT,
    &pool_zoo::ABOUT,
    &chaos::ABOUT,
];

/// A topology with its parameters, as chosen on the command line.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Selection {
    /// See [`hello`].
    #[command(about = hello::ABOUT.summary, long_about = hello::ABOUT.shows)]
    Hello(hello::Args),
    /// See [`bank`].
    #[command(about = bank::ABOUT.summary, long_about = bank::ABOUT.shows)]
    Bank(bank::Args),
    /// See [`countdown`].
    #[command(about = countdown::ABOUT.summary, long_about = countdown::ABOUT.shows)]
    Countdown(countdown::Args),
    /// See [`pubsub`].
    #[command(about = pubsub::ABOUT.summary, long_about = pubsub::ABOUT.shows)]
    Pubsub(pubsub::Args),
    /// See [`pipeline`].
    #[command(about = pipeline::ABOUT.summary, long_about = pipeline::ABOUT.shows)]
    Pipeline(pipeline::Args),
    /// See [`producer_consumer`].
    #[command(about = producer_consumer::ABOUT.summary, long_about = producer_consumer::ABOUT.shows)]
    ProducerConsumer(producer_consumer::Args),
    /// See [`spinner`].
    #[command(about = spinner::ABOUT.summary, long_about = spinner::ABOUT.shows)]
    Spinner(spinner::Args),
    /// See [`manager`].
    #[command(about = manager::ABOUT.summary, long_about = manager::ABOUT.shows)]
    Manager(manager::Args),
    /// See [`primes`].
    #[command(about = primes::ABOUT.summary, long_about = primes::ABOUT.shows)]
    Primes(primes::Args),
    /// See [`wordcount`].
    #[command(about = wordcount::ABOUT.summary, long_about = wordcount::ABOUT.shows)]
    Wordcount(wordcount::Args),
    /// See [`pool_zoo`].
    #[command(about = pool_zoo::ABOUT.summary, long_about = pool_zoo::ABOUT.shows)]
    PoolZoo(pool_zoo::Args),
    /// See [`chaos`].
    #[command(about = chaos::ABOUT.summary, long_about = chaos::ABOUT.shows)]
    Chaos(chaos::Args),
}

impl Selection {
    /// What there is to read about the chosen topology.
    pub(crate) fn about(&self) -> &'static About {
        match self {
            Selection::Hello(_) => &hello::ABOUT,
            Selection::Bank(_) => &bank::ABOUT,
            Selection::Countdown(_) => &countdown::ABOUT,
            Selection::Pubsub(_) => &pubsub::ABOUT,
            Selection::Pipeline(_) => &pipeline::ABOUT,
            Selection::ProducerConsumer(_) => &producer_consumer::ABOUT,
            Selection::Spinner(_) => &spinner::ABOUT,
            Selection::Manager(_) => &manager::ABOUT,
            Selection::Primes(_) => &primes::ABOUT,
            Selection::Wordcount(_) => &wordcount::ABOUT,
            Selection::PoolZoo(_) => &pool_zoo::ABOUT,
            Selection::Chaos(_) => &chaos::ABOUT,
        }
    }

    /// Whether workers are made to fail, so that their failures are neither faults nor news.
    pub(crate) fn fails_on_purpose(&self) -> bool {
        matches!(self, Selection::Chaos(_) | Selection::PoolZoo(_))
    }

    /// What is worth a line in the log.
    pub(crate) fn log_level(&self) -> LevelFilter {
        if self.fails_on_purpose() {
            LevelFilter::ERROR
        } else {
            LevelFilter::WARN
        }
    }

    /// Why it cannot be simulated, and what to do instead, if it cannot.
    pub(crate) fn not_simulated(&self) -> Option<&'static str> {
        match self {
            Selection::Chaos(_) => Some(chaos::NOT_SIMULATED),
            _ => None,
        }
    }

    /// The same with a seed for what it draws by chance.
    ///
    /// # Errors
    /// The topology as it was, if nothing in it goes by chance.
    pub(crate) fn seeded(self, seed: u64) -> Result<Self, Self> {
        match self {
            Selection::Chaos(args) => Ok(Selection::Chaos(args.seeded(seed))),
            other => Err(other),
        }
    }

    /// Runs the chosen topology to its end and checks its invariant.
    ///
    /// # Errors
    /// See [`Failure`]; a broken invariant is no error but an [`Outcome`].
    pub(crate) async fn run(self, stage: &Stage) -> Result<Outcome, Failure> {
        match self {
            Selection::Hello(args) => hello::run(args, stage).await,
            Selection::Bank(args) => bank::run(args, stage).await,
            Selection::Countdown(args) => countdown::run(args, stage).await,
            Selection::Pubsub(args) => pubsub::run(args, stage).await,
            Selection::Pipeline(args) => pipeline::run(args, stage).await,
            Selection::ProducerConsumer(args) => producer_consumer::run(args, stage).await,
            Selection::Spinner(args) => spinner::run(args, stage).await,
            Selection::Manager(args) => manager::run(args, stage).await,
            Selection::Primes(args) => primes::run(args, stage).await,
            Selection::Wordcount(args) => wordcount::run(args, stage).await,
            Selection::PoolZoo(args) => pool_zoo::run(args, stage).await,
            Selection::Chaos(args) => chaos::run(args, stage).await,
        }
    }
}

/// What a topology is given to run on.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// Where its text goes.
    pub(crate) console: Console,
    /// Whether the user wants it to end early.
    pub(crate) interrupt: Interrupt,
    /// Whether it runs in a simulation: then time is virtual, and there are no threads and no processes.
    pub(crate) is_simulated: bool,
}

impl Stage {
    /// Computes something that takes long, or reads: beside the runtime's threads, which have others to serve. A simulation waits for it,
    /// since nothing happens beside it.
    ///
    /// # Errors
    /// If it panics.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        if self.is_simulated {
            return Ok(work());
        }
        tokio::task::spawn_blocking(work).await
    }

    /// Reads the input aside. Ctrl-C does not wait for a reading that does not end.
    ///
    /// # Errors
    /// Those of the reading; `Failure::Interrupted`.
    pub(crate) async fn reading<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        tokio::select! { biased;
            () = self.interrupt.requested() => Err(Failure::Interrupted),
            read = self.aside(read) => read.map_err(|error| Failure::machinery("reading the input", error))?,
        }
    }
}

/// What a topology has to show at its end.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whether the invariant held for everything that was to be done.
    pub(crate) held: bool,
    /// Whether Ctrl-C ended it before everything was done.
    pub(crate) interrupted: bool,
    /// The object for `--json`; it holds at least `topology` and `ok`.
    pub(crate) json: Value,
    /// The last lines for people.
    pub(crate) summary: Vec<String>,
}

/// A pass that is shorter says nothing about speed.
const COMPARABLE: Duration = Duration::from_millis(1);

/// The topology called `name`.
pub(crate) fn find(name: &str) -> Option<&'static About> {
    ALL.into_iter().find(|about| about.name == name)
}

/// `1 number`, `2 numbers`: a count with its noun.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// How many times as fast, for people; `-` where the sequential pass was too short to compare anything with.
pub(crate) fn speedup(sequential: Duration, elapsed: Duration) -> String {
    if sequential < COMPARABLE {
        return "-".to_owned();
    }
    let factor = sequential.as_secs_f64() / elapsed.as_secs_f64().max(1e-9);
    if factor < 0.1 {
        format!("{factor:.4}")
    } else {
        format!("{factor:.2}")
    }
}

/// Seconds for JSON: a whole number of microseconds, which is more than the measurement is worth.
pub(crate) fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_up_is_never_told_as_nothing() {
        let told = |sequential, elapsed| {
            speedup(
                Duration::from_micros(sequential),
                Duration::from_micros(elapsed),
            )
        };

        assert_eq!(told(2_000_000, 1_000_000), "2.00");
        assert_eq!(told(1_500, 500_000), "0.0030");
        assert_eq!(told(999, 500_000), "-");
        assert_eq!(told(0, 0), "-");
    }

    #[tokio::test]
    async fn a_reading_that_does_not_end_can_be_interrupted() {
        let (request, interrupt) = Interrupt::by_hand();
        let (write, input) = std::sync::mpsc::channel::<u32>();
        request.send_replace(true);

        let stage = Stage {
            console: Console::new(true),
            interrupt,
            is_simulated: false,
        };

        let read = stage.reading(move || Ok(input.recv().unwrap_or(0))).await;

        assert!(matches!(read, Err(Failure::Interrupted)));
        drop(write);
    }
}
