//! A child that is an actor, where something that starts actors is asked for.

use actor_core::prelude::*;

struct Counter;

fn main() {
    let (_spec, _actor) = ChildSpec::custom::<u64, _>("counter", |_, _| Counter).build();
}
