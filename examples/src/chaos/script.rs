//! What happens in a run, drawn from its seed. Pure.
//!
//! Called by the feeders and by those who make trouble. Cards are dealt from shuffled decks rather than thrown as dice, so that whatever is
//! in a deck happens within one deal of it. The seed decides what is tried and in which order; the processes decide what comes of it, so
//! two runs of one seed are alike and not the same.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Numbers by chance: splitmix64.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Dice(seed)
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// One of `0..limit`; 0 if that is empty.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit.max(1)
    }

    /// A span between the two, in milliseconds.
    pub(super) fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from + 1))
    }

    /// Dice of its own for somebody else.
    pub(super) fn split(&mut self) -> Dice {
        Dice(self.roll())
    }
}

/// Cards that are dealt in an order by chance, all of them before any comes again.
#[derive(Clone, Debug)]
pub(super) struct Deck<T: 'static> {
    cards: &'static [(T, usize)],
    left: Vec<T>,
}

impl<T: Copy> Deck<T> {
    /// A deck with so many of each card.
    pub(super) fn new(cards: &'static [(T, usize)]) -> Self {
        Deck {
            cards,
            left: Vec::new(),
        }
    }

    pub(super) fn deal(&mut self, dice: &mut Dice) -> T {
        if self.left.is_empty() {
            let copies = |(card, count): &(T, usize)| std::iter::repeat_n(*card, *count);
            self.left = self.cards.iter().flat_map(copies).collect();
        }
        let place = dice.below(self.left.len() as u64) as usize;
        self.left.swap_remove(place)
    }
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Deed {
    /// Returns at once.
    Quick,
    /// Takes some milliseconds.
    Slow,
    /// Returns more than fits into a socket.
    Bulk,
    /// Panics.
    Panic,
    /// Ends its process.
    Exit,
    /// Ends its process by SIGABRT.
    Abort,
    /// Ends its process, and may be run again: again and again.
    Poison,
    /// Panics, and is tried two more times.
    Flaky,
    /// Does not return within any limit.
    Stuck,
    /// Its argument is larger than the pool takes.
    BigArgument,
    /// Its result is larger than the pool takes.
    BigResult,
    /// Its result cannot be encoded.
    Garbled,
}

/// Half of the jobs do nothing bad, so that there is something to lose.
pub(super) const DEEDS: &[(Deed, usize)] = &[
    (Deed::Quick, 16),
    (Deed::Slow, 6),
    (Deed::Bulk, 3),
    (Deed::Panic, 2),
    (Deed::Exit, 1),
    (Deed::Abort, 1),
    (Deed::Poison, 1),
    (Deed::Flaky, 1),
    (Deed::Stuck, 2),
    (Deed::BigArgument, 1),
    (Deed::BigResult, 1),
    (Deed::Garbled, 1),
];

/// In maps: no single one of them holds the others up for long.
pub(super) const ITEMS: &[(Deed, usize)] = &[
    (Deed::Quick, 60),
    (Deed::Bulk, 2),
    (Deed::Slow, 1),
    (Deed::Panic, 2),
    (Deed::Exit, 1),
    (Deed::BigResult, 1),
    (Deed::Garbled, 1),
];

impl Deed {
    /// The word for tables.
    pub(super) fn word(self) -> &'static str {
        match self {
            Deed::Quick => "quick",
            Deed::Slow => "slow",
            Deed::Bulk => "bulk",
            Deed::Panic => "panic",
            Deed::Exit => "exit",
            Deed::Abort => "sigabrt",
            Deed::Poison => "poison",
            Deed::Flaky => "flaky",
            Deed::Stuck => "stuck",
            Deed::BigArgument => "big_argument",
            Deed::BigResult => "big_result",
            Deed::Garbled => "garbled",
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What the one who hands a job in asks for, or does with it afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Nothing.
    Plain,
    /// It may be run again when its worker is lost.
    Retryable,
    /// Before others.
    Urgent,
    /// Not beside another of the same key.
    Keyed,
    /// Some milliseconds later.
    Delayed,
    /// Not when it has waited too long.
    Expiring,
    /// Cancels it.
    Cancel,
    /// Aborts it.
    Abort,
    /// Lets go of the handle before there is an outcome.
    Forget,
}

pub(super) const MANNERS: &[(Manner, usize)] = &[
    (Manner::Plain, 8),
    (Manner::Retryable, 6),
    (Manner::Urgent, 1),
    (Manner::Keyed, 2),
    (Manner::Delayed, 1),
    (Manner::Expiring, 2),
    (Manner::Cancel, 2),
    (Manner::Abort, 2),
    (Manner::Forget, 1),
];

/// What is done to a worker process from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mischief {
    /// SIGKILL.
    Kill,
    /// SIGSTOP, and SIGCONT after a while.
    Pause,
    /// SIGSTOP for good.
    Freeze,
}

pub(super) const MISCHIEF: &[(Mischief, usize)] = &[
    (Mischief::Kill, 3),
    (Mischief::Pause, 2),
    (Mischief::Freeze, 2),
];

/// How a round ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Every pool finishes what it has accepted.
    Drain,
    /// What is pending is cancelled.
    Cancel,
    /// Pools with processes have no time to finish: their workers are killed.
    Cut,
    /// The system ends, and its pools with it.
    System,
}

pub(super) const ENDINGS: &[(Ending, usize)] = &[
    (Ending::Drain, 1),
    (Ending::Cancel, 1),
    (Ending::Cut, 1),
    (Ending::System, 1),
];

#[cfg(test)]
mod tests;
