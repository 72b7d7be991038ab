//! What is logged while a simulation runs: captured per simulation, with no global subscriber.
//!
//! The collector is the default of the thread as long as the simulation runs there; what it hears it hands on to whoever was the default
//! before, so a test with a subscriber of its own still sees everything. Its lines carry virtual time.

use std::fmt::{self, Write};
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

use super::TestSystem;
use super::probe::unmet;
use super::scheduler::with_sim;
use crate::sync::{OnceLock, lock};

/// So many lines are kept; the first ones.
const LINES: usize = 10_000;

/// A line of the log.
///
/// # Examples
///
/// See [`TestSystem::logs`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLine {
    /// When, in virtual time since the beginning.
    pub at: Duration,
    /// How important it is.
    pub level: Level,
    /// From which module, as a rule.
    pub target: String,
    /// The message.
    pub message: String,
    /// The fields, as `name=value`, in their order.
    pub fields: Vec<String>,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10?}  {} {}", self.at, self.level, self.message)?;
        self.fields
            .iter()
            .try_for_each(|field| write!(f, " {field}"))
    }
}

impl TestSystem {
    /// What was logged in this simulation so far, at `DEBUG` or above; the first 10,000 lines.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     tracing::info!(cups = 2, "the kettle boils");
    ///     assert!(system.logs()[0].to_string().ends_with("INFO the kettle boils cups=2"));
    /// })?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        lock(&self.sim().logs).clone()
    }

    /// Waits until all have come to rest, and expects that a line of this level was logged with this text in its message or its fields.
    ///
    /// # Panics
    ///
    /// If there is none: at the caller's line, with what was logged.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::testing::Simulation;
    /// # fn main() -> Result<(), actor_core::BoxError> {
    /// Simulation::new().run(|system| async move {
    ///     tracing::warn!(level = 3, "the water is low");
    ///     system.expect_log(tracing::Level::WARN, "water").await;
    /// })?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn expect_log<'a>(
        &'a self,
        level: Level,
        text: &'a str,
    ) -> impl Future<Output = ()> + Send + 'a {
        self.check();
        let at = Location::caller();
        async move {
            self.settle().await;
            let logs = self.logs();
            let is_it = |line: &LogLine| line.level == level && line.to_string().contains(text);
            if !logs.iter().any(is_it) {
                let mut said = format!("the log\n  expected: {level} {text:?}\n       got:");
                logs.iter()
                    .for_each(|line| said.push_str(&format!("\n    {line}")));
                unmet::fail(said, at)
            }
        }
    }
}

/// Hears what is logged on the threads of simulations, and keeps it with the one of the thread. One for all: making it known costs more than a
/// small simulation does.
struct Collector;

/// From here on this thread is heard.
pub(super) fn listen() -> tracing::dispatcher::DefaultGuard {
    static COLLECTOR: OnceLock<Dispatch> = OnceLock::new();
    tracing::dispatcher::set_default(COLLECTOR.get_or_init(|| Dispatch::new(Collector)))
}

/// Runs something with whom the thread was heard by before.
fn with_next<R>(run: impl FnOnce(&Dispatch) -> R) -> Option<R> {
    let next = with_sim(|sim| sim.next_log.clone());
    next.map(|next| run(&next))
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_kept(metadata) || with_next(|next| next.enabled(metadata)).unwrap_or(false)
    }

    // Asked once for all threads: what is kept differs from one to another.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        with_next(|next| next.new_span(span)).unwrap_or(Id::from_u64(1))
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        with_next(|next| next.record(span, values));
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        with_next(|next| next.record_follows_from(span, follows));
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        with_next(|next| {
            if next.enabled(metadata) {
                next.event(event);
            }
        });
        if !is_kept(metadata) {
            return;
        }
        let mut words = Words::default();
        event.record(&mut words);
        with_sim(|sim| {
            let line = LogLine {
                at: sim.elapsed(),
                level: *metadata.level(),
                target: metadata.target().to_owned(),
                message: words.message,
                fields: words.fields,
            };
            let mut logs = lock(&sim.logs);
            if logs.len() < LINES {
                logs.push(line);
            }
        });
    }

    // What counts the handles of its spans, as a registry does, has to hear of each.
    fn clone_span(&self, span: &Id) -> Id {
        with_next(|next| next.clone_span(span)).unwrap_or_else(|| span.clone())
    }

    fn try_close(&self, span: Id) -> bool {
        with_next(|next| next.try_close(span)).unwrap_or(false)
    }

    fn enter(&self, span: &Id) {
        with_next(|next| next.enter(span));
    }

    fn exit(&self, span: &Id) {
        with_next(|next| next.exit(span));
    }
}

fn is_kept(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && *metadata.level() <= Level::DEBUG
}

#[derive(Default)]
struct Words {
    message: String,
    fields: Vec<String>,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a string does not fail.
            let _ = write!(self.message, "{value:?}");
        } else {
            self.fields.push(format!("{}={value:?}", field.name()));
        }
    }
}
