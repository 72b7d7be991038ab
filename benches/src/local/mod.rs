//! Actors of one process. One file per subject; the loops that measure are written once, in
//! `workloads.rs`, so that every subject runs the same.
//!
//! To add a subject: implement `Contender` (and `Bounded`) in a file of its own and name it in
//! [`subjects`]. To add a workload: a variant in `workload.rs`, a loop in `workloads.rs`, a line in [`full`].

mod contender;
mod kameo;
mod ours;
mod ractor;
mod raw;
mod workloads;

use std::{future::Future, sync::Arc};

use tokio::runtime::{Handle, Runtime};

use crate::{
    harness::{Role, Run, Subject},
    workload::{Sizes, Workload},
};
use contender::{Bounded, Contender};

/// All subjects, in the order of the table.
pub(crate) fn subjects(runtime: &Runtime) -> Vec<Subject> {
    let _inside = runtime.enter();
    let on = runtime.handle();
    vec![
        full::<ours::Ours>("ours", Role::Ours, on),
        full::<raw::Raw>("raw", Role::Raw, on),
        // ractor has no bounded mailbox.
        unbounded::<ractor::Ractor>("ractor", Role::Peer, on, &Arc::new(())),
        full::<kameo::Kameo>("kameo", Role::Peer, on),
        raw_timeout(on),
    ]
}

/// A subject with every workload.
fn full<C: Bounded>(name: &'static str, role: Role, on: &Handle) -> Subject {
    let world = &Arc::new(C::world());
    unbounded::<C>(name, role, on, world)
        .with(
            Workload::OneWayOneBounded,
            run(on, world, |w, s| workloads::one_way_bounded::<C>(w, s, 1)),
        )
        .with(
            Workload::OneWayFourBounded,
            run(on, world, |w, s| workloads::one_way_bounded::<C>(w, s, 4)),
        )
}

/// A subject with every workload that needs no bounded mailbox.
fn unbounded<C: Contender>(
    name: &'static str,
    role: Role,
    on: &Handle,
    world: &Arc<C::World>,
) -> Subject {
    Subject::new(name, role)
        .with(
            Workload::OneWayOneUnbounded,
            run(on, world, |w, s| workloads::one_way_unbounded::<C>(w, s, 1)),
        )
        .with(
            Workload::OneWayFourUnbounded,
            run(on, world, |w, s| workloads::one_way_unbounded::<C>(w, s, 4)),
        )
        .with(Workload::Burst, run(on, world, workloads::burst::<C>))
        .with(Workload::Ask, run(on, world, workloads::ask::<C>))
        .with(Workload::Ring, run(on, world, workloads::ring::<C>))
        .with(Workload::Spawn, run(on, world, workloads::spawn::<C>))
        .with(
            Workload::IdleBytes,
            run(on, world, workloads::idle_bytes::<C>),
        )
}

/// The hand-written loop, asked under `tokio::time::timeout`: what a deadline costs who has no actor crate.
fn raw_timeout(on: &Handle) -> Subject {
    Subject::new("raw_timeout", Role::Extra).with(
        Workload::Ask,
        run(on, &Arc::new(()), |world, sizes| async move {
            let counter = raw::Raw::unbounded(&world).await;
            workloads::ask_one(raw::WithTimeout(counter), sizes).await
        }),
    )
}

/// A round of a workload as a task, so that it runs on a worker of the runtime like everything it starts.
fn run<W, F>(on: &Handle, world: &Arc<W>, workload: impl Fn(Arc<W>, Sizes) -> F + 'static) -> Run
where
    W: Send + Sync + 'static,
    F: Future<Output = f64> + Send + 'static,
{
    let (on, world) = (on.clone(), world.clone());
    Box::new(move |sizes| {
        let round = on.spawn(workload(world.clone(), *sizes));
        on.block_on(round).expect("a round ends without a panic")
    })
}
