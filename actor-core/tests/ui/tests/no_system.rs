//! A test without a system, and an option that there is not.

use actor_core::testing::{TestSystem, actor_test};

#[actor_test]
async fn the_counter_counts() {}

#[actor_test(runs = 7)]
async fn the_counter_counts_again(_system: TestSystem) {}

fn main() {}
