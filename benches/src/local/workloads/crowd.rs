//! Many actors alive at once, in a process of its own for each round, so that allocator and runtime start clean: this executable is run
//! again with the hidden subcommand `crowd-child`, which prints nanoseconds and resident bytes as a JSON array.
//!
//! Resident is what is not shared with a file: the pages that the process has touched, whatever the allocator did with them. The
//! references that reach the actors lie in a buffer that was touched before.

use std::{
    fs,
    ops::ControlFlow,
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use super::{Behaviour, Stage};
use crate::{
    cli::Crowd,
    harness::{Figures, Run},
    local::contender::{Address, Latch, started},
    report::median,
    workload::Workload,
};

/// Actors that are started, and kept, before anything is counted: the runtime's threads, the allocator's arenas and whatever a subject
/// keeps per process are there then.
const FIRST: usize = 256;

/// What a crowd took.
#[derive(Clone, Copy)]
struct Taken {
    nanos: f64,
    bytes: f64,
}

/// `idle_resident`.
pub(crate) fn idle_resident(subject: Fresh) -> Run {
    Box::new(move |sizes| {
        let (actors, message) = (sizes.resident, false);
        match subject.run(Crowd { actors, message }) {
            Some(taken) => (taken.bytes / actors as f64).into(),
            None => Figures::none_of(Workload::IdleResident),
        }
    })
}

/// `million_actors`.
pub(crate) fn million_actors(subject: Fresh) -> Run {
    Box::new(move |sizes| {
        let (actors, message) = (sizes.million, true);
        match subject.run(Crowd { actors, message }) {
            Some(taken) => [taken.nanos / 1e6, taken.bytes / 1e6].into(),
            None => Figures::none_of(Workload::MillionActors),
        }
    })
}

/// `growth`.
pub(crate) fn growth(subject: Fresh) -> Run {
    Box::new(move |sizes| {
        let mut steps = [None; 4];
        for (step, (actors, processes)) in steps.iter_mut().zip(sizes.growth) {
            *step = per_actor(&subject, actors, processes);
        }
        let [Some(a), Some(b), Some(c), Some(d)] = steps else {
            return Figures::none_of(Workload::Growth);
        };
        let [nanos, bytes] = [
            [a.nanos, b.nanos, c.nanos, d.nanos],
            [a.bytes, b.bytes, c.bytes, d.bytes],
        ];
        let with_spread = |[a, b, c, d]: [f64; 4]| [a, b, c, d, spread(&[a, b, c, d])];
        let mut figures = [0.0; 10];
        figures[..5].copy_from_slice(&with_spread(nanos));
        figures[5..].copy_from_slice(&with_spread(bytes));
        figures.into()
    })
}

/// The medians of some processes.
fn per_actor(subject: &Fresh, actors: usize, processes: usize) -> Option<Taken> {
    let message = false;
    let crowd = Crowd { actors, message };
    let all: Option<Vec<_>> = (0..processes).map(|_| subject.run(crowd)).collect();
    let all = all?;
    let middle = |of: fn(&Taken) -> f64| median(&all.iter().map(of).collect::<Vec<_>>());
    Some(Taken {
        nanos: middle(|taken| taken.nanos) / actors as f64,
        bytes: middle(|taken| taken.bytes) / actors as f64,
    })
}

/// The largest over the smallest.
fn spread(figures: &[f64]) -> f64 {
    let largest = figures.iter().copied().fold(f64::MIN, f64::max);
    let smallest = figures.iter().copied().fold(f64::MAX, f64::min);
    largest / smallest
}

/// A subject that is run in a fresh process.
#[derive(Clone, Copy)]
pub(crate) struct Fresh {
    subject: &'static str,
    /// Far more than an actor of it takes: where so much is not free, a crowd is left out.
    bytes_at_most: usize,
}

impl Fresh {
    pub(crate) fn new(subject: &'static str, bytes_at_most: usize) -> Self {
        Self {
            subject,
            bytes_at_most,
        }
    }

    /// Runs a crowd and waits for its end. None where there is not enough memory for it.
    fn run(&self, crowd: Crowd) -> Option<Taken> {
        let needed = crowd.actors * self.bytes_at_most;
        if bytes_free() < needed {
            let megabytes = needed / 1_000_000;
            let Crowd { actors, .. } = crowd;
            eprintln!(
                "{}: {actors} actors left out, they may take {megabytes} MB",
                self.subject
            );
            return None;
        }
        let mut command = Command::new(std::env::current_exe().expect("an executable has a path"));
        command.args(["crowd-child", self.subject, &crowd.actors.to_string()]);
        if crowd.message {
            command.arg("--message");
        }
        let child = command.stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = child.output().expect("this executable can be run again");
        assert!(
            output.status.success(),
            "a crowd of {} ends well: {}",
            self.subject,
            output.status
        );
        let [nanos, bytes] =
            serde_json::from_slice(&output.stdout).expect("a crowd prints two numbers");
        Some(Taken { nanos, bytes })
    }
}

/// In the fresh process: what it took to start all actors, with a message to each if that is asked for.
pub(crate) async fn crowd<C: Stage>(world: Arc<C::World>, crowd: Crowd) -> [f64; 2] {
    if crowd.message {
        told::<C>(&world, crowd.actors).await
    } else {
        idle::<C>(&world, crowd.actors).await
    }
}

/// Counters as they come, once all have started.
async fn idle<C: Stage>(world: &C::World, actors: usize) -> [f64; 2] {
    let first = spawn_all::<C>(world, touched(FIRST)).await;
    let (slots, before) = (touched(actors), resident());
    let begin = Instant::now();
    let all = spawn_all::<C>(world, slots).await;
    let nanos = begin.elapsed().as_nanos() as f64;
    let bytes = resident() - before;
    drop((first, all));
    [nanos, bytes]
}

async fn spawn_all<C: Stage>(
    world: &C::World,
    mut slots: Vec<Option<C::Ref>>,
) -> Vec<Option<C::Ref>> {
    let before = started();
    for slot in &mut slots {
        *slot = Some(C::spawn(world).await);
    }
    while started() - before < slots.len() {
        tokio::task::yield_now().await;
    }
    slots
}

/// Actors with one message each, once all have handled it.
async fn told<C: Stage>(world: &C::World, actors: usize) -> [f64; 2] {
    let first = tell_all::<C>(world, touched(FIRST)).await;
    let (slots, before) = (touched(actors), resident());
    let begin = Instant::now();
    let all = tell_all::<C>(world, slots).await;
    let nanos = begin.elapsed().as_nanos() as f64;
    let bytes = resident() - before;
    drop((first, all));
    [nanos, bytes]
}

type Slots<C> = Vec<Option<<C as Stage>::Addr<Once>>>;

/// Starts all, then sends each its message.
async fn tell_all<C: Stage>(world: &C::World, mut slots: Slots<C>) -> Slots<C> {
    let handled = Latch::new(slots.len());
    for slot in &mut slots {
        let handled = handled.clone();
        *slot = Some(C::cast(world, Once { handled }).await);
    }
    for actor in slots.iter().flatten() {
        actor.tell(1).await;
    }
    handled.wait().await;
    slots
}

/// Says that its message has come, and lives on.
struct Once {
    handled: Arc<Latch>,
}

impl Behaviour for Once {
    type Msg = u64;

    async fn handle(&mut self, _msg: u64) -> ControlFlow<()> {
        self.handled.arrive();
        ControlFlow::Continue(())
    }
}

/// A buffer for the references, whose pages count before the actors come.
fn touched<T>(length: usize) -> Vec<Option<T>> {
    let mut slots = Vec::new();
    slots.resize_with(length, || None);
    slots
}

/// Resident bytes of this process that no file holds.
fn resident() -> f64 {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup");
    let rollup = rollup.expect("a Linux that tells what a process holds");
    kilobytes(&rollup, "Anonymous:") as f64 * 1_024.0
}

/// What may be allocated without swapping.
fn bytes_free() -> usize {
    let info = fs::read_to_string("/proc/meminfo").expect("a Linux that tells what is free");
    kilobytes(&info, "MemAvailable:") * 1_024
}

/// The number in the line that begins with `name`.
fn kilobytes(text: &str, name: &str) -> usize {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.expect("the kernel's lines are a name and a number")
}
