//! Why an actor ended: one closed, cloneable vocabulary that also travels between processes.
//!
//! Errors of user code are kept as text, since an exit reason has many readers (waiters, monitors, supervisors, other
//! processes) while a boxed error has one owner. The names follow Erlang/OTP where it has one.

use std::fmt;

/// Why an incarnation of an actor, or the actor for good, ended.
///
/// [`is_failure`](ExitReason::is_failure) divides the variants as supervisors do: a `Transient` child is restarted after a failure
/// only.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// struct Fragile;
///
/// impl Actor for Fragile {
///     type Msg = &'static str;
///
///     async fn handle(&mut self, msg: &'static str, ctx: &mut Context<Self>) -> ActorResult {
///         match msg {
///             "stop" => Ok(ctx.stop()),
///             "panic" => panic!("oh no"),
///             other => Err(other.into()),
///         }
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// async fn end(system: &ActorSystem, msg: &'static str) -> Result<ExitReason, BoxError> {
///     let actor = system.spawn(Fragile);
///     actor.send(msg).await?;
///     Ok(actor.wait().await)
/// }
///
/// assert_eq!(end(&system, "stop").await?, ExitReason::Normal);
/// assert_eq!(end(&system, "too hot").await?, ExitReason::Failed("too hot".to_owned()));
/// match end(&system, "panic").await? {
///     ExitReason::Panicked { text, location } => {
///         assert_eq!(text, "oh no");
///         assert!(location.is_some());
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ExitReason {
    /// It ended by its own will, by `stop`, by `drain`, or because nobody could reach it any more.
    Normal,
    /// Its parent, its supervisor or the system stopped it.
    Shutdown,
    /// It was killed: a handler was dropped at an await and `stopped` did not run.
    Killed,
    /// A handler or hook returned an error; the whole chain of sources as text.
    Failed(String),
    /// User code panicked.
    Panicked {
        /// The panic message.
        text: String,
        /// `file:line:column`, when the panic hook of the system is installed.
        location: Option<String>,
    },
    /// The factory or `started` failed before the first message.
    StartFailed(String),
    /// `started` did not complete within the start-up deadline.
    StartTimeout,
    /// An actor it was linked with failed.
    Linked {
        /// The exit reason, as text, of the actor with which it began: along a chain of links this stays the same.
        cause: String,
    },
    /// The process in which it lived ended without the actor's own end.
    Process(ProcessExit),
    /// It did not answer a kill in time and was given up.
    Unresponsive,
    /// The link to the node where it lives was lost.
    NoConnection,
    /// Only in a `Down` or an `Exit`: the actor was dead before the monitor was set or the link was made.
    NoActor,
}

/// How a child process ended.
///
/// # Examples
///
/// ```
/// use actor_core::{ExitReason, ProcessExit};
///
/// let exit = ProcessExit { code: None, signal: Some(9), stderr: "out of memory\n".to_owned() };
/// assert_eq!(exit.to_string(), "its process was ended by signal 9; last words: out of memory");
/// assert!(ExitReason::Process(exit).is_failure());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessExit {
    /// The exit code, when the process exited by itself.
    pub code: Option<i32>,
    /// The signal that ended it, otherwise.
    pub signal: Option<i32>,
    /// The last lines that it wrote to standard error.
    pub stderr: String,
}

impl ExitReason {
    /// Whether a supervisor counts this end as a failure.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::ExitReason;
    ///
    /// assert!(!ExitReason::Normal.is_failure());
    /// assert!(!ExitReason::Shutdown.is_failure());
    /// assert!(ExitReason::Killed.is_failure());
    /// assert!(ExitReason::Failed("disk full".to_owned()).is_failure());
    /// ```
    #[must_use]
    pub fn is_failure(&self) -> bool {
        !matches!(self, ExitReason::Normal | ExitReason::Shutdown)
    }

    /// `Failed` with the whole chain of an error's sources.
    pub(crate) fn from_error(error: &(dyn std::error::Error + 'static)) -> Self {
        ExitReason::Failed(chain(error))
    }
}

/// An error and its sources, separated by colons. A source already quoted by its parent is not repeated.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let part = source.to_string();
        if !text.ends_with(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        next = source.source();
    }
    text
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitReason::Normal => f.write_str("normal"),
            ExitReason::Shutdown => f.write_str("shutdown"),
            ExitReason::Killed => f.write_str("killed"),
            ExitReason::Failed(text) => write!(f, "failed: {text}"),
            ExitReason::Panicked {
                text,
                location: Some(at),
            } => write!(f, "panicked at {at}: {text}"),
            ExitReason::Panicked {
                text,
                location: None,
            } => write!(f, "panicked: {text}"),
            ExitReason::StartFailed(text) => write!(f, "failed to start: {text}"),
            ExitReason::StartTimeout => f.write_str("did not start in time"),
            ExitReason::Linked { cause } => write!(f, "a linked actor ended: {cause}"),
            ExitReason::Process(exit) => write!(f, "{exit}"),
            ExitReason::Unresponsive => f.write_str("did not answer a kill"),
            ExitReason::NoConnection => f.write_str("the link to its node was lost"),
            ExitReason::NoActor => f.write_str("no such actor"),
        }
    }
}

impl std::error::Error for ExitReason {}

impl fmt::Display for ProcessExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "its process exited with code {code}")?,
            (None, Some(signal)) => write!(f, "its process was ended by signal {signal}")?,
            (None, None) => f.write_str("its process ended")?,
        }
        if self.stderr.is_empty() {
            Ok(())
        } else {
            write!(f, "; last words: {}", self.stderr.trim_end())
        }
    }
}
