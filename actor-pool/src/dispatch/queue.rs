//! Keys of jobs by urgency, and within one urgency in the order of their acceptance. Cancelled jobs leave theirs behind, to be skipped
//! and now and then tidied up.

use std::collections::VecDeque;

use crate::arena::{Arena, Key};

/// Below this length nobody tidies up.
pub(super) const TIDY_ABOVE: usize = 64;
/// How many urgencies there are.
pub(crate) const LEVELS: usize = 10;

/// Where a job stands among others: the more urgent before the less urgent, then the older before the younger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// 0 is the most urgent.
    level: u8,
    pub(super) order: u64,
}

impl Rank {
    pub(super) fn level(self) -> u8 {
        self.level
    }

    pub(super) fn new(priority: u8, order: u64) -> Self {
        let most_urgent = LEVELS as u8 - 1;
        Rank {
            level: most_urgent - priority.min(most_urgent),
            order,
        }
    }
}

#[derive(Debug, Default)]
struct Level {
    keys: VecDeque<(u64, Key)>,
    live: usize,
}

/// See the module's header.
#[derive(Debug, Default)]
pub(super) struct Queue {
    levels: [Level; LEVELS],
    /// A bit for each level that keeps keys.
    kept: u16,
    live: usize,
}

impl Queue {
    /// How many jobs wait here.
    pub(super) fn len(&self) -> usize {
        self.live
    }

    pub(super) fn push(&mut self, rank: Rank, key: Key) {
        let level = &mut self.levels[usize::from(rank.level)];
        self.live += 1;
        level.live += 1;
        self.kept |= 1 << rank.level;
        // Those that come back go to their old place, which is near the front; nearly all others are the youngest.
        if level
            .keys
            .back()
            .is_none_or(|(last, _)| *last <= rank.order)
        {
            level.keys.push_back((rank.order, key));
        } else {
            let before = |(other, _): &&(u64, Key)| *other <= rank.order;
            let place = level.keys.iter().take_while(before).count();
            level.keys.insert(place, (rank.order, key));
        }
    }

    /// The rank of the job that is next, which is then at the front of its level.
    pub(super) fn front<T>(&mut self, jobs: &Arena<T>) -> Option<Rank> {
        while self.kept != 0 {
            let level = self.kept.trailing_zeros() as u8;
            if let Some(order) = self.levels[usize::from(level)].front(jobs) {
                return Some(Rank { level, order });
            }
            self.kept &= !(1 << level);
        }
        None
    }

    /// The rank of the one that gives way first: the oldest of the least urgent.
    pub(super) fn least<T>(&mut self, jobs: &Arena<T>) -> Option<(Rank, Key)> {
        (0..LEVELS as u8).rev().find_map(|level| {
            let keys = &mut self.levels[usize::from(level)];
            let order = keys.front(jobs)?;
            let (_, key) = *keys.keys.front()?;
            Some((Rank { level, order }, key))
        })
    }

    /// What [`front`](Queue::front) has found.
    pub(super) fn pop(&mut self, rank: Rank) -> Option<Key> {
        let level = &mut self.levels[usize::from(rank.level)];
        let (_, key) = level.keys.pop_front()?;
        level.live -= 1;
        self.live -= 1;
        Some(key)
    }

    /// One of its jobs is gone from the arena. Tidying costs the length, and happens at most once per half of it: constant per job.
    pub(super) fn forget_one<T>(&mut self, rank: Rank, jobs: &Arena<T>) {
        let level = &mut self.levels[usize::from(rank.level)];
        level.live -= 1;
        self.live -= 1;
        if level.keys.len() > TIDY_ABOVE && level.live < level.keys.len() / 2 {
            level.keys.retain(|(_, key)| jobs.get(*key).is_some());
        }
    }

    /// How many keys are kept, stale ones among them.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.levels.iter().map(|level| level.keys.len()).sum()
    }
}

impl Level {
    fn front<T>(&mut self, jobs: &Arena<T>) -> Option<u64> {
        loop {
            let (order, key) = *self.keys.front()?;
            if jobs.get(key).is_some() {
                return Some(order);
            }
            self.keys.pop_front();
        }
    }
}
