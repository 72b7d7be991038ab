//! Things that look as if they could be spawned.

use actor_core::prelude::*;

struct Counter;

#[tokio::main]
async fn main() {
    let system = ActorSystem::new("demo");
    system.spawn(Counter);
    system.spawn(async {});
    system.spawn(|n: u64| n + 1);
    let (_spec, _actor) = ChildSpec::new("counter", || Counter).build();
}
