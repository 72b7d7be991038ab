//! Pools of processes that are short of descriptors: for a worker that has started and is to be connected, and for one that is busy with a
//! large argument. In a program of its own, since the limit is the whole process's.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::fmt::Debug;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use actor_core::ActorSystem;
use actor_pool::{Job, JobHandle, JobOptions, Jobs, Pool, ShutdownMode};
use actor_remote::{Node, Registry};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit, test_kill_process,
};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

const LONG: Duration = Duration::from_secs(60);
const SQUARE: Job<u64, u64> = Job::new("test.square/v1", |number| number * number);
const LENGTH: Job<Vec<u8>, usize> = Job::new("test.length/v1", |bytes| bytes.len());

/// The limit is for one test at a time.
static LIMIT: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn jobs() -> Jobs {
    Jobs::builder().job(SQUARE).job(LENGTH).build().unwrap()
}

fn registry() -> Registry {
    jobs().register(Registry::builder()).build().unwrap()
}

/// In an ordinary run this is nothing; the pool runs this executable again with the name of this test, and then it is its worker.
#[test]
fn this_executable_is_its_own_worker() {
    actor_remote::init(&registry());
}

/// As long as it lasts, no descriptor is to be had.
struct Famine(Rlimit);

impl Famine {
    fn begin() -> Self {
        // All below the first free one are in use, so there is none below this limit.
        let free = File::open("/dev/null").unwrap().as_raw_fd();
        let before = getrlimit(Resource::Nofile);
        let limit = Rlimit {
            current: Some(free.try_into().unwrap()),
            ..before
        };
        setrlimit(Resource::Nofile, limit).unwrap();
        Famine(before)
    }
}

impl Drop for Famine {
    fn drop(&mut self) {
        setrlimit(Resource::Nofile, self.0).unwrap();
    }
}

/// Takes the descriptors away at the moment when a worker has started and is not connected yet, and gives them back when that has failed.
/// Both moments are logged by the pool, on the thread of this test.
#[derive(Clone, Default)]
struct Thief(Arc<Mutex<Loot>>);

#[derive(Default)]
struct Loot {
    is_armed: bool,
    famine: Option<Famine>,
    /// The process that could not be connected.
    pid: Option<u32>,
    /// What the pool said about each start that failed.
    failures: Vec<String>,
}

impl Thief {
    fn lock(&self) -> MutexGuard<'_, Loot> {
        self.0.lock().unwrap()
    }

    /// From here on the next start fails.
    fn arm(&self) {
        *self.lock() = Loot {
            is_armed: true,
            ..Loot::default()
        };
    }
}

impl Loot {
    fn steal(&mut self, pid: &str) {
        self.is_armed = false;
        self.famine = Some(Famine::begin());
        let digits: String = pid.chars().filter(char::is_ascii_digit).collect();
        self.pid = digits.parse().ok();
    }

    fn give_back(&mut self, reason: String) {
        self.failures.push(reason);
        self.famine = None;
    }
}

impl Subscriber for Thief {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("actor_pool::process")
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut said = Said::default();
        event.record(&mut said);
        let mut loot = self.lock();
        if said.message == "a worker process has started" && loot.is_armed {
            loot.steal(&said.pid);
        } else if said.message.contains("did not start") {
            loot.give_back(said.reason);
        }
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// The words of an event.
#[derive(Default)]
struct Said {
    message: String,
    pid: String,
    reason: String,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let word = match field.name() {
            "message" => &mut self.message,
            "pid" => &mut self.pid,
            "reason" => &mut self.reason,
            _ => return,
        };
        *word = format!("{value:?}");
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record_debug(field, &value);
    }
}

/// Which start of a worker it is that fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    /// The one with the pool.
    First,
    /// The one for the first job.
    WithWork,
    /// The one in place of a worker that was killed.
    Again,
}

fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// Whether there is no such process, not even a zombie.
fn is_gone(pid: u32) -> bool {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    test_kill_process(pid).is_err()
}

async fn pool(system: &ActorSystem, pre_start: usize) -> Pool {
    Pool::processes(1, &Node::new(registry()), &jobs())
        .process_arg("this_executable_is_its_own_worker")
        .process_arg("--exact")
        .pre_start(pre_start)
        .start(system)
        .await
        .unwrap()
}

async fn fail_once(thief: &Thief, start: Start) {
    let system = ActorSystem::new("test");
    if start != Start::Again {
        thief.arm();
    }
    let pool = pool(&system, usize::from(start != Start::WithWork)).await;
    if start == Start::Again {
        thief.arm();
        kill(pool.workers()[0].pid.unwrap());
    }

    // Those that were in the hands of the killed worker, perhaps, and those that wait for the next one.
    let options = JobOptions::new().retryable();
    let handles: Vec<JobHandle<u64>> = (0..20)
        .map(|number| pool.try_submit_with(&SQUARE, number, options.clone()))
        .collect::<Result<_, _>>()
        .unwrap();
    for (number, handle) in (0..).zip(handles) {
        assert_eq!(handle.await, Ok(number * number), "{start:?}");
    }

    let loot = std::mem::take(&mut *thief.lock());
    let [reason] = &loot.failures[..] else {
        panic!("{start:?}: one start fails, and not {:?}", loot.failures)
    };
    assert!(reason.contains("os error 24"), "{start:?}: {reason}");
    assert!(is_gone(loot.pid.unwrap()), "{start:?}: nobody would end it");
    pool.shutdown(ShutdownMode::Drain, LONG).await;
    system.shutdown(LONG).await;
}

#[tokio::test]
async fn a_worker_that_cannot_be_connected_is_ended_and_tried_again() {
    // P3
    let _alone = LIMIT.lock().await;
    let thief = Thief::default();
    let _heard = tracing::subscriber::set_default(thief.clone());

    for start in [Start::First, Start::WithWork, Start::Again] {
        let done = tokio::time::timeout(LONG, fail_once(&thief, start));
        done.await.expect("the pool goes on");
    }
}

#[tokio::test]
async fn what_does_not_fit_into_a_job_socket_is_written_without_a_descriptor_more() {
    // P3
    let _alone = LIMIT.lock().await;
    let system = ActorSystem::new("test");
    let pool = pool(&system, 1).await;
    let famine = Famine::begin();

    // Much more than a socket takes at once, and the worker says nothing before it has all of it.
    for len in [8 << 20, 16 << 20] {
        let measured = tokio::time::timeout(LONG, pool.apply(&LENGTH, vec![0; len]));
        assert_eq!(measured.await.expect("it is all written"), Ok(len));
    }

    drop(famine);
    pool.shutdown(ShutdownMode::Drain, LONG).await;
    system.shutdown(LONG).await;
}
