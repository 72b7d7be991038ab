//! What this program can do when it runs as a worker process: the jobs of `primes`, `wordcount` and `chaos`, the slow worker of `spinner`, the
//! objects of `manager` and their clients.
//!
//! Parent and worker are the same program, so they build the same registry.

use actor_pool::Jobs;
use actor_remote::{Factory, Registry};

use crate::manager::{
    Client, ClientArgs, ClientMsg, CounterMsg, DictionaryMsg, ListMsg, Manager, ManagerMsg,
};
use crate::spinner::{Work, Worker};
use crate::{chaos, primes, wordcount};

/// The slow worker of `spinner`.
pub(crate) const SLOW_WORKER: Factory<(), Work> = Factory::new("examples.SlowWorker/v1");

/// Who makes the objects of `manager`.
pub(crate) const MANAGER: Factory<(), ManagerMsg> = Factory::new("examples.Manager/v1");

/// A client of these objects.
pub(crate) const MANAGER_CLIENT: Factory<ClientArgs, ClientMsg> =
    Factory::new("examples.ManagerClient/v1");

/// The jobs that worker processes know.
pub(crate) fn jobs() -> Jobs {
    let jobs = Jobs::builder()
        .job(primes::CHECK)
        .job(wordcount::COUNT_FILE)
        .job(chaos::DO);
    jobs.build().expect("each job has a name of its own")
}

/// Everything that worker processes know.
pub(crate) fn registry() -> Registry {
    let registry = jobs().register(Registry::builder());
    // On a thread of its own, since it blocks.
    let registry = registry.factory_on_thread(SLOW_WORKER, |()| Worker::that_blocks());
    let registry = registry
        .factory(MANAGER, |()| Manager)
        .factory(MANAGER_CLIENT, Client::new)
        // References to these travel.
        .message::<DictionaryMsg>("examples.Dictionary/v1")
        .message::<ListMsg>("examples.List/v1")
        .message::<CounterMsg>("examples.Counter/v1");
    registry
        .build()
        .expect("each factory has a name of its own")
}
