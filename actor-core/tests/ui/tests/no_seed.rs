//! A range that holds no seed.

use actor_core::testing::{TestSystem, actor_test};

#[actor_test(seeds = 100..100)]
async fn the_counter_counts(_system: TestSystem) {}

#[actor_test(seed = 1, seeds = 0..10)]
async fn the_counter_counts_twice(_system: TestSystem) {}

fn main() {}
