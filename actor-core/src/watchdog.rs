//! The watchdog: names handlers that take longer than a limit.
//!
//! No clock is read per message. Instead somebody looks, a few times within the limit, what each actor has in hand; what two looks
//! find unchanged was in hand all the time between them. The timekeeper does the looking, so it goes on while every worker of the
//! runtime is blocked; under a paused clock it happens in virtual time. A look at a million actors takes a while, so it is done in slices,
//! between which deadlines are kept.
//!
//! [`Table`] decides and is pure; [`Watchdog`] looks and warns. Under its lock nothing is logged and no cell is locked.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::ActorId;
use crate::cell::{AnyCell, Pulse};
use crate::snapshot::{Walk, Work};
use crate::sync::{Arc, Mutex, Weak, lock};
use crate::system::SystemCore;
use crate::timekeeper::deadlines::Key;
use crate::timekeeper::{Expire, Timekeeper};

/// Rounds within the limit, so that a warning is late by a quarter of it at most.
const ROUNDS: u32 = 4;
/// The shortest time between two rounds.
const MIN_PAUSE: Duration = Duration::from_millis(1);
/// Actors looked at in one go: below a millisecond of the timekeeper's time.
const SLICE: usize = 4_096;
/// Warnings in one round; how many more there were is one line.
const WARNINGS: usize = 16;

struct Seen {
    pulse: Pulse,
    since: Instant,
    /// The elapsed time that is worth the next warning.
    next_warning: Duration,
    round: u64,
}

/// What was in hand at the last look. Holds as many entries as there are busy actors.
struct Table {
    limit: Duration,
    seen: HashMap<ActorId, Seen>,
    round: u64,
}

impl Table {
    fn new(limit: Duration) -> Self {
        Table {
            limit,
            seen: HashMap::new(),
            round: 0,
        }
    }

    /// An actor was found with this in hand, by a look between the two moments. Returns for how long at least it has had it, if that is
    /// worth a warning.
    fn handle_look(
        &mut self,
        id: ActorId,
        pulse: Pulse,
        (before, after): (Instant, Instant),
    ) -> Option<Duration> {
        let fresh = Seen {
            pulse,
            since: after,
            next_warning: self.limit,
            round: self.round,
        };
        let seen = self.seen.entry(id).or_insert(fresh);
        seen.round = self.round;
        if seen.pulse != pulse {
            seen.pulse = pulse;
            seen.since = after;
            seen.next_warning = self.limit;
        }
        let elapsed = before.saturating_duration_since(seen.since);
        if elapsed < seen.next_warning {
            return None;
        }
        seen.next_warning = elapsed.saturating_mul(2);
        Some(elapsed)
    }

    /// Every actor was looked at. Those that had nothing in hand are forgotten.
    fn handle_round_over(&mut self) {
        let round = self.round;
        self.seen.retain(|_, seen| seen.round == round);
        self.round += 1;
    }

    /// Since when an actor has had this in hand.
    fn since(&self, id: ActorId, pulse: Pulse) -> Option<Instant> {
        let seen = self.seen.get(&id)?;
        (seen.pulse == pulse).then_some(seen.since)
    }
}

struct State {
    table: Table,
    /// The round under way.
    walk: Option<Walk>,
    warned: usize,
    key: Option<Key>,
}

/// See the module's header.
pub(crate) struct Watchdog {
    limit: Duration,
    me: Weak<Watchdog>,
    system: Weak<SystemCore>,
    state: Mutex<State>,
}

/// A handler to be warned of.
struct Overdue {
    cell: Arc<dyn AnyCell>,
    work: Work,
    elapsed: Duration,
}

impl Watchdog {
    /// Sets a watchdog on a system; it goes when the system does.
    pub(crate) fn start(system: &Arc<SystemCore>, limit: Duration) {
        let watchdog = Arc::new_cyclic(|me| Watchdog {
            limit,
            me: Weak::clone(me),
            system: Arc::downgrade(system),
            state: Mutex::new(State {
                table: Table::new(limit),
                walk: None,
                warned: 0,
                key: None,
            }),
        });
        let watchdog = system.watchdog.get_or_init(|| watchdog);
        watchdog.rest(&system.timekeeper, watchdog.pause());
    }

    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// For how long at least an actor has had this in hand, if a look has found it before. `now` is a moment before it was seen again.
    pub(crate) fn elapsed(&self, id: ActorId, pulse: Pulse, now: Instant) -> Option<Duration> {
        let since = lock(&self.state).table.since(id, pulse)?;
        Some(now.saturating_duration_since(since))
    }

    /// How many deadlines are set apart from the watchdog's own.
    pub(crate) fn deadlines_of_others(&self, timekeeper: &Timekeeper) -> usize {
        // Under the lock, so that its own is known.
        let state = lock(&self.state);
        timekeeper.pending(state.key)
    }

    fn pause(&self) -> Duration {
        (self.limit / ROUNDS).max(MIN_PAUSE)
    }

    fn rest(&self, timekeeper: &Timekeeper, pause: Duration) {
        let Some(me) = self.me.upgrade() else { return };
        let mut state = lock(&self.state);
        state.key = Some(timekeeper.watch(pause, me));
    }

    /// Looks at some actors. Returns whether the round is over.
    fn look(&self, system: &SystemCore) -> bool {
        let mut walk = lock(&self.state).walk.take().unwrap_or_else(Walk::new);
        let mut overdue = Vec::new();
        let mut is_over = false;
        let before = system.timekeeper.now();
        for _ in 0..SLICE {
            let Some(met) = walk.next(system) else {
                is_over = true;
                break;
            };
            let Some(pulse) = met.cell.pulse_here() else {
                continue;
            };
            let moments = (before, system.timekeeper.now());
            let id = met.cell.header().id();
            if let Some(elapsed) = lock(&self.state).table.handle_look(id, pulse, moments) {
                overdue.push(Overdue {
                    cell: met.cell,
                    work: pulse.work,
                    elapsed,
                });
            }
        }
        self.warn(overdue, is_over);
        let mut state = lock(&self.state);
        if is_over {
            state.table.handle_round_over();
        } else {
            state.walk = Some(walk);
        }
        is_over
    }

    fn warn(&self, overdue: Vec<Overdue>, is_over: bool) {
        let before = lock(&self.state).warned;
        let warned = before + overdue.len();
        lock(&self.state).warned = if is_over { 0 } else { warned };
        for late in overdue.iter().take(WARNINGS.saturating_sub(before)) {
            late.warn(self.limit);
        }
        if is_over && warned > WARNINGS {
            let left_out = warned - WARNINGS;
            tracing::warn!(
                left_out,
                "more actors have had a message in hand for too long; a snapshot names them"
            );
        }
    }
}

impl Overdue {
    fn warn(&self, limit: Duration) {
        let header = self.cell.header();
        let actor_type = header
            .binding()
            .and_then(|binding| binding.kind.actor_type());
        let what = match self.work {
            Work::Starting => "an actor does not get through its start-up",
            Work::Handling => {
                "an actor has had a message in hand for too long; does its handler block or wait for something that does not come?"
            }
            Work::Stopping => "an actor does not get through its stopped hook",
        };
        tracing::warn!(
            actor = %header.id(),
            name = self.cell.name().as_deref(),
            actor_type,
            message_type = self.cell.message_type(),
            elapsed = ?self.elapsed,
            ?limit,
            "{what}"
        );
    }
}

impl Expire for Watchdog {
    fn expire(&self) {
        // A timekeeper that closes expires whatever is left; its system is gone then.
        let Some(system) = self.system.upgrade() else {
            return;
        };
        let pause = if self.look(&system) {
            self.pause()
        } else {
            Duration::ZERO
        };
        self.rest(&system.timekeeper, pause);
    }
}

#[cfg(test)]
mod tests;
