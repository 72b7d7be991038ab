//! How many jobs a worker process holds at a time. Pure: time is an argument.
//!
//! Jobs that take microseconds are handed over by the hundred, so that neither side waits for the other; jobs that take longer one by
//! one, so that none waits behind another while some worker has nothing to do. What a worker holds is to last for about [`AHEAD`]; it
//! starts with one job and doubles, and one slow job takes it back to one.

use std::time::Duration;

/// For how long the jobs in a worker's hands are to last.
const AHEAD: Duration = Duration::from_millis(1);
/// Up to this time per job a second one waits in the worker, so that it need not wait for the way there and back.
const PAIRED: Duration = Duration::from_millis(2);
/// The most jobs a worker holds.
pub(super) const WINDOW_MAX: usize = 512;
/// Without a result for so long, what has not begun is taken back.
pub(super) const STALL: Duration = Duration::from_millis(3);

/// See the module's header.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// Nanoseconds per job, lately. `None` before the first.
    per_job: Option<u64>,
    window: usize,
}

impl Pace {
    pub(super) fn new() -> Self {
        Pace {
            per_job: None,
            window: 1,
        }
    }

    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// So many results came in the time since there was the last one, or since there was nothing to do.
    pub(super) fn handle_results(&mut self, results: usize, elapsed: Duration) {
        if results == 0 {
            return;
        }
        let elapsed = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let sample = (elapsed / results as u64).max(1);
        let per_job = match self.per_job {
            // A slow one counts at once; that they are fast has to show.
            Some(before) if sample < before => before / 2 + sample / 2,
            _ => sample,
        };
        self.per_job = Some(per_job);
        let lasting = usize::try_from(nanos(AHEAD) / per_job.max(1)).unwrap_or(WINDOW_MAX);
        let least = if per_job <= nanos(PAIRED) { 2 } else { 1 };
        self.window = lasting
            .clamp(least, WINDOW_MAX)
            .min(self.window.saturating_mul(2));
    }

    /// No result came for [`STALL`].
    pub(super) fn handle_stall(&mut self) {
        self.per_job = Some(nanos(STALL));
        self.window = 1;
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn the_window_of_fast_jobs_doubles_up_to_what_lasts_a_millisecond() {
        let mut pace = Pace::new();
        assert_eq!(pace.window(), 1);

        let windows: Vec<_> = (0..8)
            .map(|_| {
                let held = pace.window();
                pace.handle_results(held, micros(10) * held as u32);
                pace.window()
            })
            .collect();

        assert_eq!(windows, [2, 4, 8, 16, 32, 64, 100, 100]);
    }

    #[test]
    fn a_slow_job_takes_the_window_back_to_one() {
        let mut pace = Pace::new();
        (0..10).for_each(|_| pace.handle_results(100, micros(100)));
        assert_eq!(pace.window(), WINDOW_MAX);

        pace.handle_results(1, micros(50_000));

        assert_eq!(pace.window(), 1);
    }

    #[test]
    fn jobs_of_a_millisecond_are_held_in_pairs_and_longer_ones_one_by_one() {
        let mut pace = Pace::new();
        (0..10).for_each(|_| pace.handle_results(1, micros(1_000)));
        assert_eq!(pace.window(), 2);
        (0..10).for_each(|_| pace.handle_results(1, micros(2_500)));
        assert_eq!(pace.window(), 1);
    }

    #[test]
    fn a_stall_takes_the_window_back_to_one_and_fast_jobs_open_it_again() {
        let mut pace = Pace::new();
        (0..10).for_each(|_| pace.handle_results(100, micros(100)));

        pace.handle_stall();

        assert_eq!(pace.window(), 1);
        (0..30).for_each(|_| pace.handle_results(1, micros(1)));
        assert_eq!(pace.window(), WINDOW_MAX);
    }
}
