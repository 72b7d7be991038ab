//! The watch over handlers that never yield: such a one stops a whole simulation, and no virtual time passes that could end it.
//!
//! One plain thread per process, started with the first simulation, looks at all of them once a second. What was in the same poll for
//! [`LIMIT`] of real time is named on standard error and in the log, and again whenever the time has doubled. It only reports: the
//! process has other tests in it, and a run may be slow for good reasons, as under a debugger.

use std::time::Duration;

use crate::ActorId;
use crate::sync::{
    Arc, AtomicBool, AtomicU64, OnceLock, Ordering, SleepingMutex, Weak, lock_asleep,
};

/// How long one poll may take before it is named.
const LIMIT: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);

/// What a simulation shows of how far it is. Written by its thread only.
#[derive(Debug)]
pub(crate) struct Pulse {
    step: AtomicU64,
    /// The digest of all picks.
    picks: AtomicU64,
    /// The actor that is being polled; 0 for the test, or something beside the actors.
    actor: AtomicU64,
    is_polling: AtomicBool,
    /// Of which run.
    title: String,
}

impl Pulse {
    /// The pulse of a run; it is watched until it is dropped.
    pub(crate) fn watched(title: String) -> Arc<Self> {
        let pulse = Arc::new(Pulse {
            step: AtomicU64::new(0),
            picks: AtomicU64::new(0),
            actor: AtomicU64::new(0),
            is_polling: AtomicBool::new(false),
            title,
        });
        watch(&pulse);
        pulse
    }

    /// Which step this is, and the digest of all picks up to it.
    #[inline]
    pub(crate) fn position(&self) -> (u64, u64) {
        (self.step(), self.picks.load(Ordering::Relaxed))
    }

    #[inline]
    pub(crate) fn step(&self) -> u64 {
        self.step.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn begin_step(&self, picks: u64, actor: u64) {
        // One writer, so no read-modify-write is needed.
        self.step.store(self.step() + 1, Ordering::Relaxed);
        self.picks.store(picks, Ordering::Relaxed);
        self.actor.store(actor, Ordering::Relaxed);
    }

    pub(crate) fn set_polling(&self, is_polling: bool) {
        self.is_polling.store(is_polling, Ordering::Relaxed);
    }

    #[expect(
        clippy::print_stderr,
        reason = "whoever waits for the test looks there"
    )]
    fn report(&self, seconds: u32) {
        let who = match self.actor.load(Ordering::Relaxed) {
            0 => "the test itself, or something beside the actors,".to_owned(),
            id => format!("actor {}", ActorId(id)),
        };
        let message = format!(
            "{}: {who} has not returned from one poll for {seconds} s of real time, in step {}; while it does not yield nothing else can run",
            self.title,
            self.step()
        );
        tracing::error!("{message}");
        eprintln!("{message}");
    }
}

/// How far a simulation was when it was looked at last. Decides, and looks at nothing.
#[derive(Debug, Default)]
struct Seen {
    step: u64,
    /// For how many looks in a row it has been in this step.
    looks: u32,
    /// How many are worth the next report; none yet.
    next_report: Option<u32>,
}

impl Seen {
    /// It was found in this step. Returns for how many seconds it has been, if that is worth a report.
    fn handle_look(&mut self, step: u64, is_polling: bool) -> Option<u32> {
        if step != self.step || !is_polling {
            *self = Seen {
                step,
                ..Seen::default()
            };
            return None;
        }
        self.looks += 1;
        let worth = self.next_report.unwrap_or(LIMIT);
        let is_due = self.looks >= worth;
        if is_due {
            self.next_report = Some(2 * worth);
        }
        is_due.then_some(self.looks)
    }
}

/// Whether the simulation is still there.
fn look((pulse, seen): &mut (Weak<Pulse>, Seen)) -> bool {
    let Some(pulse) = pulse.upgrade() else {
        return false;
    };
    let is_polling = pulse.is_polling.load(Ordering::Relaxed);
    if let Some(seconds) = seen.handle_look(pulse.step(), is_polling) {
        pulse.report(seconds);
    }
    true
}

type Watched = SleepingMutex<Vec<(Weak<Pulse>, Seen)>>;

fn watch(pulse: &Arc<Pulse>) {
    static WATCHED: OnceLock<Arc<Watched>> = OnceLock::new();
    let watched = WATCHED.get_or_init(|| {
        let watched = Arc::<Watched>::default();
        let looked_at = Arc::clone(&watched);
        let spawned = std::thread::Builder::new()
            .name("simulation-watch".into())
            .stack_size(128 * 1024)
            .spawn(move || {
                loop {
                    std::thread::sleep(PAUSE);
                    lock_asleep(&looked_at).retain_mut(look);
                }
            });
        if let Err(error) = spawned {
            tracing::warn!(%error, "nobody watches for handlers that never yield");
        }
        watched
    });
    lock_asleep(watched).push((Arc::downgrade(pulse), Seen::default()));
}

#[cfg(test)]
mod tests;
