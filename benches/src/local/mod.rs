//! Actors of one process. One file per subject; the loops that measure are written once, in
//! `workloads/`, so that every subject runs the same.
//!
//! To add a subject: implement `Contender` and `Stage` (and `Bounded`) in a file of its own and name it in
//! [`subjects`] and [`crowd_child`]. To add a workload: a variant in `workload.rs`, its figures in `catalogue.rs`, a
//! loop in `workloads/`, a line in [`lineup`].

mod contender;
mod lineup;
mod subjects;
mod workloads;

use std::{io::Write, process::ExitCode};

use tokio::runtime::{Handle, Runtime};

use crate::{
    cli::Crowd,
    harness::{Role, Subject},
    workload::Workload,
};
use contender::{Contender, Stage};
use lineup::Lineup;
use subjects::{actix, kameo::Kameo, ours::Ours, ractor::Ractor, raw, raw::Raw, xtra::Xtra};
use workloads::{asks, crowd, latency::Interval, supervision};

/// All subjects, in the order of the table.
pub(crate) fn subjects(runtime: &Runtime) -> Vec<Subject> {
    let _inside = runtime.enter();
    let on = runtime.handle();
    let interval = Interval::default();
    vec![
        ours(on, &interval),
        raw(on, &interval),
        ractor(on),
        peer_with_bounds::<Kameo>("kameo", on, 8_000),
        peer_with_bounds::<Xtra>("xtra", on, 3_500),
        actix(on),
        raw_timeout(on),
    ]
}

fn ours(on: &Handle, interval: &Interval) -> Subject {
    Lineup::<Ours>::new("ours", Role::Ours, on)
        .one_way()
        .bounded()
        .asks_and_actors()
        .latency(interval)
        .crowds(2_500)
        .growth(2_500)
        .add(Workload::Restart, supervision::ours::restart)
        .add(Workload::RestartStorm, supervision::ours::storm)
        .add(Workload::Children, supervision::ours::children)
        .subject
}

fn raw(on: &Handle, interval: &Interval) -> Subject {
    Lineup::<Raw>::new("raw", Role::Raw, on)
        .one_way()
        .bounded()
        .asks_and_actors()
        .latency(interval)
        .crowds(3_500)
        .growth(3_500)
        .add(Workload::Restart, supervision::raw::restart)
        .add(Workload::RestartStorm, supervision::raw::storm)
        .subject
}

/// It has no bounded mailbox.
fn ractor(on: &Handle) -> Subject {
    Lineup::<Ractor>::new("ractor", Role::Peer, on)
        .one_way()
        .unbounded_allocs()
        .asks_and_actors()
        .crowds(8_000)
        .subject
}

fn peer_with_bounds<C: Stage + contender::Bounded>(
    name: &'static str,
    on: &Handle,
    bytes_at_most: usize,
) -> Subject {
    Lineup::<C>::new(name, Role::Peer, on)
        .one_way()
        .bounded()
        .asks_and_actors()
        .crowds(bytes_at_most)
        .subject
}

/// Its two placements are one subject.
fn actix(on: &Handle) -> Subject {
    Lineup::<actix::Apart>::new("actix", Role::PeerApart, on)
        .one_way()
        .then::<actix::Together>()
        .unbounded_allocs()
        .asks_and_actors()
        .crowds(3_500)
        .subject
}

/// The hand-written loop, asked under `tokio::time::timeout`: what a deadline costs who has no actor crate.
fn raw_timeout(on: &Handle) -> Subject {
    Lineup::<Raw>::new("raw_timeout", Role::RawTimeout, on)
        .add(Workload::Ask, |world, sizes| async move {
            let counter = Raw::unbounded(&world).await;
            asks::one_of(raw::WithTimeout(counter), sizes).await
        })
        .subject
}

/// The whole life of a fresh process: a crowd of one subject, then its figures on standard output. Nothing is taken apart.
pub(crate) fn crowd_child(runtime: &Runtime, subject: &str, crowd: Crowd) -> ExitCode {
    let run = match subject {
        "ours" => run_crowd::<Ours>,
        "raw" => run_crowd::<Raw>,
        "ractor" => run_crowd::<Ractor>,
        "kameo" => run_crowd::<Kameo>,
        "xtra" => run_crowd::<Xtra>,
        "actix" => run_crowd::<actix::Together>,
        stranger => {
            eprintln!("no crowd of {stranger}");
            return ExitCode::FAILURE;
        }
    };
    let printed = std::io::stdout().write_all(run(runtime, crowd).as_bytes());
    std::process::exit(i32::from(printed.is_err()))
}

fn run_crowd<C: Stage>(runtime: &Runtime, crowd: Crowd) -> String {
    let _inside = runtime.enter();
    let world = std::sync::Arc::new(C::world());
    let round = crowd::crowd::<C>(world.clone(), crowd);
    let figures = C::run(&world, runtime.handle(), async move { round.await.into() });
    // The form that `Fresh` reads.
    format!("{:?}", figures.as_slice())
}
