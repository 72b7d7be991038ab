//! What became of messages that were accepted and never handled.
//!
//! Each is reported once, with a reason. A dead letter carries no message: what is inside it (replies above all) must resolve at
//! once, and a link keeps counts, not copies. Reporting never waits: subscribers have a bounded buffer of their own and hear how many
//! they missed.

use std::time::Duration;

use tokio::sync::broadcast;

use crate::sync::{Arc, AtomicU64, Mutex, OnceLock, Ordering, lock};
use crate::{ActorId, ExitReason};

/// Letters a subscriber may be behind before it misses some.
const BUFFER: usize = 1_024;
/// Log lines per second, and then one that tells how many were left out.
const LOGGED_PER_SECOND: u32 = 10;

/// A message that was accepted and will not be handled.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::DeadLetterReason;
///
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let mut letters = system.dead_letters();
/// let sink = system.start_named("sink", Sink).await?;
/// sink.try_send(1)?;
/// sink.stop();
///
/// let letter = letters.recv().await.expect("the system is there");
/// assert_eq!((letter.target, letter.name.as_deref(), letter.message_type), (sink.id(), Some("sink"), "u32"));
/// assert_eq!(letter.reason, DeadLetterReason::Stopped(ExitReason::Normal));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// For whom it was.
    pub target: ActorId,
    /// The name of that actor, if it had one.
    pub name: Option<Arc<str>>,
    /// The type of its messages.
    pub message_type: &'static str,
    /// Why it was not handled.
    pub reason: DeadLetterReason,
    /// Who sent it, where that is known: when the message was given up in the sender's own poll.
    pub sender: Option<ActorId>,
}

/// Why a message was not handled.
///
/// # Examples
///
/// ```
/// use actor_core::{DeadLetterReason, ExitReason};
///
/// /// Whether the message was certainly not handled, so that its work can be done again.
/// fn is_safe_to_repeat(reason: &DeadLetterReason) -> bool {
///     match reason {
///         DeadLetterReason::Lost { maybe_handled } => !maybe_handled,
///         _ => true,
///     }
/// }
///
/// assert!(is_safe_to_repeat(&DeadLetterReason::Stopped(ExitReason::Normal)));
/// assert!(!is_safe_to_repeat(&DeadLetterReason::Lost { maybe_handled: true }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadLetterReason {
    /// It was queued when the actor ended for good.
    Stopped(ExitReason),
    /// It was on its way, or in the hands of an incarnation that was given up.
    Lost {
        /// Whether it may have been handled all the same.
        maybe_handled: bool,
    },
    /// There was no room for it, or it gave way to a newer one: the mailbox has an [`Overflow`](crate::Overflow) policy that drops.
    Overflow,
    /// It came over a link, or was to go over one, and could not be encoded or decoded.
    Undecodable(String),
    /// A test took it out, or a fault that it had set did. Only in simulations.
    Intercepted,
}

/// See [`ActorSystem::dead_letters`](crate::ActorSystem::dead_letters).
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Msg = u32;
/// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let mut letters = system.dead_letters();
/// let log = tokio::spawn(async move {
///     while let Some(letter) = letters.recv().await {
///         eprintln!("not handled by {}: a {}, {:?}", letter.target, letter.message_type, letter.reason);
///     }
/// });
/// # log.abort();
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct DeadLetters {
    receiver: broadcast::Receiver<DeadLetter>,
    missed: u64,
}

impl DeadLetters {
    /// The next letter; `None` when the system is gone.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a letter is either returned or still there.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let mut letters = system.dead_letters();
    /// let sink = system.spawn(Sink);
    /// sink.try_send(1)?;
    /// sink.kill();
    /// let letter = letters.recv().await.expect("the system is there");
    /// assert_eq!(letter.target, sink.id());
    /// # Ok(()) }
    /// ```
    pub async fn recv(&mut self) -> Option<DeadLetter> {
        loop {
            match self.receiver.recv().await {
                Ok(letter) => return Some(letter),
                Err(broadcast::error::RecvError::Lagged(count)) => self.missed += count,
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// A letter that is already there.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let mut letters = system.dead_letters();
    /// let sink = system.spawn(Sink);
    /// for n in 0..3 {
    ///     sink.try_send(n)?;
    /// }
    /// sink.stop();
    /// sink.wait().await;
    /// assert_eq!(std::iter::from_fn(|| letters.try_recv()).count(), 3);
    /// # Ok(()) }
    /// ```
    pub fn try_recv(&mut self) -> Option<DeadLetter> {
        loop {
            match self.receiver.try_recv() {
                Ok(letter) => return Some(letter),
                Err(broadcast::error::TryRecvError::Lagged(count)) => self.missed += count,
                Err(_) => return None,
            }
        }
    }

    /// How many letters this subscriber was too slow for.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # let system = ActorSystem::new("demo");
    /// let mut letters = system.dead_letters();
    /// let sink = system.actor(Sink).mailbox(Mailbox::unbounded()).spawn();
    /// for n in 0..2_000 {
    ///     sink.try_send(n)?;
    /// }
    /// sink.stop();
    /// sink.wait().await;
    /// let heard = std::iter::from_fn(|| letters.try_recv()).count() as u64;
    /// assert_eq!(heard + letters.missed(), 2_000);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

struct LogBudget {
    second: Option<std::time::Instant>,
    logged: u32,
    left_out: u64,
}

/// Where dead letters go.
pub(crate) struct DeadLetterOffice {
    /// There from the first subscriber on: its buffer takes more memory than all the rest of an idle system.
    sender: OnceLock<broadcast::Sender<DeadLetter>>,
    count: AtomicU64,
    budget: Mutex<LogBudget>,
}

impl DeadLetterOffice {
    pub(crate) fn new() -> Self {
        DeadLetterOffice {
            sender: OnceLock::new(),
            count: AtomicU64::new(0),
            budget: Mutex::new(LogBudget {
                second: None,
                logged: 0,
                left_out: 0,
            }),
        }
    }

    pub(crate) fn subscribe(&self) -> DeadLetters {
        let sender = self.sender.get_or_init(|| broadcast::Sender::new(BUFFER));
        DeadLetters {
            receiver: sender.subscribe(),
            missed: 0,
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(crate) fn report(&self, letter: DeadLetter) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.log(letter.target, letter.message_type, &letter.reason);
        if let Some(sender) = self.sender.get()
            && sender.receiver_count() > 0
        {
            drop(sender.send(letter));
        }
    }

    fn log(&self, target: ActorId, message_type: &'static str, reason: &DeadLetterReason) {
        let left_out = {
            let now = crate::runtime::now();
            let mut budget = lock(&self.budget);
            let fresh = budget
                .second
                .is_none_or(|second| now.duration_since(second) >= Duration::from_secs(1));
            if fresh {
                budget.second = Some(now);
                budget.logged = 0;
            }
            if budget.logged >= LOGGED_PER_SECOND {
                budget.left_out += 1;
                return;
            }
            budget.logged += 1;
            std::mem::take(&mut budget.left_out)
        };
        tracing::debug!(%target, message_type, ?reason, left_out, "dead letter");
    }
}

impl Drop for DeadLetterOffice {
    /// No later line will tell how many were left out.
    fn drop(&mut self) {
        let left_out = lock(&self.budget).left_out;
        if left_out > 0 {
            tracing::debug!(left_out, "dead letters that were not logged one by one");
        }
    }
}
