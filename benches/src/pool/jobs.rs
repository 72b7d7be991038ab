//! The functions that pools run, here and in worker processes.

use std::{
    hint::black_box,
    sync::OnceLock,
    time::{Duration, Instant},
};

use actor_pool::{Blob, Job, Jobs};

/// As little as a function can do.
pub(crate) const TINY: Job<u64, u64> = Job::new("benches.tiny/v1", tiny);
/// Computes for so many turns.
pub(super) const COMPUTE: Job<u64, u64> = Job::new("benches.compute/v1", compute);
/// So many bytes.
pub(super) const LARGE: Job<u64, Blob> = Job::new("benches.large/v1", large);

/// What worker processes have to know.
pub(crate) fn list() -> Jobs {
    let builder = Jobs::builder().job(TINY).job(COMPUTE).job(LARGE);
    builder.build().expect("the names differ")
}

pub(super) fn tiny(number: u64) -> u64 {
    number.wrapping_mul(number)
}

/// The sum of what [`tiny`] makes of all numbers below `end`.
pub(super) fn sum_of_tiny(end: u64) -> u64 {
    (0..end).map(tiny).fold(0, u64::wrapping_add)
}

/// Each turn needs the one before, and touches no memory: what it takes depends on the core alone.
pub(super) fn compute(turns: u64) -> u64 {
    (0..turns).fold(1, |state, turn| {
        black_box((state ^ turn).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    })
}

/// How many turns take about so long, measured once: everybody computes as many.
pub(super) fn turns_in(time: Duration) -> u64 {
    static PER_SECOND: OnceLock<f64> = OnceLock::new();
    let per_second = PER_SECOND.get_or_init(|| {
        const TURNS: u64 = 5_000_000;
        let once = || {
            let begin = Instant::now();
            black_box(compute(black_box(TURNS)));
            TURNS as f64 / begin.elapsed().as_secs_f64()
        };
        (0..10).map(|_| once()).fold(0.0, f64::max)
    });
    (per_second * time.as_secs_f64()) as u64
}

/// The bytes are there after the first time: what is measured is their way, not their making.
fn large(bytes: u64) -> Blob {
    static MADE: OnceLock<Blob> = OnceLock::new();
    let made = MADE.get_or_init(|| Blob::from(vec![7; bytes as usize]));
    assert_eq!(made.len() as u64, bytes, "one length in one process");
    made.clone()
}
