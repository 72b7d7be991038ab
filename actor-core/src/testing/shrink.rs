//! Shrinking: of a run that fails, one that fails in the same way with less in it. Faults are left out, and picks become first in, first
//! out, in ever smaller pieces (delta debugging, Zeller 1999).

use std::future::Future;
use std::mem::discriminant;

use super::recording::Recording;
use super::report::{Failure, FailureKind};
use super::run::Simulation;
use super::scheduler::Schedule;
use super::system::TestSystem;

/// Runs at most: a second or so for a usual test.
const RUNS: u32 = 1_000;

impl Simulation {
    /// Looks for a run that fails as this one did with fewer faults and fewer turns out of order, so that its events are easier to read.
    /// `None` if the failure has no [recording](Failure::recording), or if that does not fail again.
    ///
    /// The recording of what is returned is that of the shorter run, and its file, if it is to [have](Simulation::record_failures) one.
    ///
    /// # Panics
    ///
    /// Inside of a tokio runtime or another simulation.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// use actor_core::testing::{Faults, Simulation, TestSystem};
    ///
    /// # struct Sink;
    /// # impl Actor for Sink {
    /// #     type Msg = u32;
    /// #     async fn handle(&mut self, _: u32, _: &mut Context<Self>) -> ActorResult { Ok(()) }
    /// # }
    /// async fn lossy(system: TestSystem) {
    ///     let sink = system.spawn(Sink);
    ///     let lost = system.faults_on(&sink, Faults::new().drop(0.5));
    ///     (0..100).for_each(|n| sink.try_send(n).expect("there is room"));
    ///     system.settle().await;
    ///     assert!(lost.count() < 3, "three are too many");
    /// }
    ///
    /// let simulation = Simulation::new().record_picks(true);
    /// let failure = simulation.clone().seeds(0..10, lossy).unwrap_err();
    /// let shorter = simulation.shrink(&failure, lossy).expect("it fails again");
    /// assert_eq!(shorter.recording.as_ref().map(|recording| recording.faults()), Some(3));
    /// ```
    pub fn shrink<T, F, Fut>(&self, failure: &Failure, body: F) -> Option<Box<Failure>>
    where
        F: Fn(TestSystem) -> Fut,
        Fut: Future<Output = T>,
    {
        let mut runs = 0;
        let mut fails = |recording: &Recording| {
            runs += 1;
            if runs > RUNS {
                return None;
            }
            let schedule = Schedule::Replay(recording.clone());
            let run = self.clone().record_picks(true).schedule(schedule);
            let again = run.run_once(recording.seed, &body).0.err()?;
            is_same(&failure.kind, &again.kind).then_some(again)
        };
        let mut shortest = failure.recording.clone()?;
        shortest.digest = None;
        let mut found = fails(&shortest)?;
        for cut in [leave_faults_out, take_turns] {
            shorten(&mut shortest, cut, |shorter| {
                let again = fails(shorter);
                let is_found = again.is_some();
                if let Some(again) = again {
                    found = again;
                }
                is_found
            });
        }
        Some(found)
    }
}

fn is_same(one: &FailureKind, other: &FailureKind) -> bool {
    match (one, other) {
        (
            FailureKind::Panicked { location: one, .. },
            FailureKind::Panicked {
                location: other, ..
            },
        ) => one == other,
        _ => discriminant(one) == discriminant(other),
    }
}

/// A piece of a recording, and the recording without it. `None` if there is nothing in it to be left out, `Err` behind the last piece.
type Cut = fn(&Recording, usize, usize) -> Result<Option<Recording>, ()>;

fn leave_faults_out(from: &Recording, at: usize, length: usize) -> Result<Option<Recording>, ()> {
    if at >= from.faults.len() {
        return Err(());
    }
    let mut shorter = from.clone();
    shorter
        .faults
        .drain(at..(at + length).min(from.faults.len()));
    Ok(Some(shorter))
}

fn take_turns(from: &Recording, at: usize, length: usize) -> Result<Option<Recording>, ()> {
    if at >= from.picks.len() {
        return Err(());
    }
    let mut shorter = from.clone();
    let piece = &mut shorter.picks[at..(at + length).min(from.picks.len())];
    if piece.iter().all(|pick| *pick == 0) {
        return Ok(None);
    }
    piece.fill(0);
    Ok(Some(shorter))
}

/// Leaves out piece after piece, all at once first, for as long as it still fails.
fn shorten(recording: &mut Recording, cut: Cut, mut fails: impl FnMut(&Recording) -> bool) {
    let mut length = recording.picks.len().max(recording.faults.len());
    while length > 0 {
        let mut at = 0;
        while let Ok(shorter) = cut(recording, at, length) {
            match shorter.filter(|shorter| fails(shorter)) {
                Some(shorter) => *recording = shorter,
                None => at += length,
            }
        }
        length /= 2;
    }
}

#[cfg(test)]
mod tests;
