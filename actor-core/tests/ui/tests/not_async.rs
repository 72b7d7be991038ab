//! A test of actors that does not wait for them.

use actor_core::testing::{TestSystem, actor_test};

#[actor_test]
fn the_counter_counts(system: TestSystem) {
    drop(system);
}

fn main() {}
