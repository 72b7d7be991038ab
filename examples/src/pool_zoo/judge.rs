//! Whether each message was handled as the policy of its router promises. Pure.
//!
//! Counts and orders only: nothing here depends on how long anything took.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cage::Policy;
use super::worker::{Done, Noted, key_of};

/// What was seen of a router.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) policy: Policy,
    pub(super) workers: u32,
    /// Numbered from 0.
    pub(super) sent: u64,
    pub(super) noted: Noted,
    pub(super) longest_queue: usize,
    pub(super) restarts: u64,
    /// What went wrong before anything was counted.
    pub(super) faults: Vec<String>,
}

impl Record {
    /// How many messages each worker has handled.
    pub(super) fn by_worker(&self) -> Vec<u64> {
        let mut counts = vec![0; self.workers as usize];
        for done in &self.noted.done {
            if let Some(count) = counts.get_mut(done.worker as usize - 1) {
                *count += 1;
            }
        }
        counts
    }

    /// Of the short messages, the time that so many of a hundred did not exceed.
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        let short = self.noted.done.iter().filter(|done| !done.is_long);
        let mut times: Vec<Duration> = short.map(|done| done.took).collect();
        times.sort_unstable();
        let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(place).copied().unwrap_or_default()
    }

    /// Each way in which it is not as promised.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = self.faults.clone();
        faults.extend(self.miscounted());
        match self.policy {
            Policy::RoundRobin => faults.extend(self.uneven()),
            Policy::ConsistentHash => faults.extend(self.astray()),
            Policy::OneFails => faults.extend(self.attracted()),
            _ => {}
        }
        let word = self.policy.word();
        faults
            .into_iter()
            .map(|fault| format!("{word}: {fault}"))
            .collect()
    }

    /// Every message as often as it should be, by workers that are each another.
    fn miscounted(&self) -> Option<String> {
        let mut handled: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for Done { number, worker, .. } in &self.noted.done {
            handled.entry(*number).or_default().push(*worker);
        }
        for number in &self.noted.failed {
            handled.entry(*number).or_default().push(0);
        }
        let due = self.policy.copies(self.workers.into());
        let is_right = |by: Option<&mut Vec<u32>>| {
            by.is_some_and(|by| {
                let count = by.len() as u64;
                by.sort_unstable();
                by.dedup();
                (count, by.len() as u64) == (due, due)
            })
        };
        let wrong: Vec<u64> = (0..self.sent)
            .filter(|number| !is_right(handled.get_mut(number)))
            .collect();
        let strange = handled.range(self.sent..).count();
        let text = || {
            let first = wrong.first();
            format!(
                "{} of {} messages were not handled {due} times (the first: {first:?}), {strange} were never sent",
                wrong.len(),
                self.sent
            )
        };
        (!wrong.is_empty() || strange > 0).then(text)
    }

    /// Each in its turn: the counts differ by one at most.
    fn uneven(&self) -> Option<String> {
        let counts = self.by_worker();
        let (least, most) = (counts.iter().min()?, counts.iter().max()?);
        (most - least > 1).then(|| format!("the turns were not kept: {counts:?}"))
    }

    /// One worker for all messages of a key, in the order in which they were sent.
    fn astray(&self) -> Option<String> {
        let mut latest: BTreeMap<u64, (u32, u64)> = BTreeMap::new();
        self.noted.done.iter().find_map(|done| {
            let key = key_of(done.number);
            let (worker, before) = latest.insert(key, (done.worker, done.number))?;
            let is_kept = worker == done.worker && before < done.number;
            (!is_kept).then(|| {
                format!(
                    "message {} of key {key} went to worker {} after {before} to worker {worker}",
                    done.number, done.worker
                )
            })
        })
    }

    /// A worker that fails gets no more than its share, though it is never seen with anything to do.
    fn attracted(&self) -> Option<String> {
        let failed = self.noted.failed.len() as u64;
        let share = self.sent.div_ceil(self.workers.into()).max(1);
        (failed > share).then(|| {
            format!(
                "{failed} of {} messages were lost to the worker that fails",
                self.sent
            )
        })
    }
}

#[cfg(test)]
mod tests;
