//! Puts a subject together from the workloads that it can run.

use std::{future::Future, sync::Arc};

use tokio::runtime::Handle;

use super::{
    contender::{Bounded, Contender, Stage},
    workloads::{
        allocs, asks,
        crowd::{self, Fresh},
        latency::{self, Interval},
        messages, ring, savina, spawning,
    },
};
use crate::{
    harness::{Figures, Role, Subject},
    sizes::Sizes,
    workload::Workload,
};

/// A subject in the making.
pub(super) struct Lineup<C: Contender> {
    pub(super) subject: Subject,
    on: Handle,
    world: Arc<C::World>,
}

impl<C: Contender> Lineup<C> {
    /// Called inside the runtime.
    pub(super) fn new(name: &'static str, role: Role, on: &Handle) -> Self {
        Self {
            subject: Subject::new(name, role),
            on: on.clone(),
            world: Arc::new(C::world()),
        }
    }

    /// Goes on with another contender that stands for the same subject.
    pub(super) fn then<D: Contender>(self) -> Lineup<D> {
        Lineup {
            subject: self.subject,
            on: self.on,
            world: Arc::new(D::world()),
        }
    }

    /// Adds a workload.
    pub(super) fn add<F>(
        mut self,
        workload: Workload,
        round: impl Fn(Arc<C::World>, Sizes) -> F + 'static,
    ) -> Self
    where
        F: Future<Output: Into<Figures>> + Send + 'static,
    {
        let (on, world) = (self.on.clone(), self.world.clone());
        let run = Box::new(move |sizes: &Sizes| {
            let round = round(world.clone(), *sizes);
            C::run(&world, &on, async move { round.await.into() })
        });
        self.subject = self.subject.with(workload, run);
        self
    }

    /// The latency of asks at the rate that the subjects share.
    pub(super) fn latency(mut self, interval: &Interval) -> Self {
        let run = latency::latency::<C>(&self.on, &self.world, interval);
        self.subject = self.subject.with(Workload::AskLatency, run);
        self
    }

    /// What needs a fresh process, and no more than `bytes_at_most` per actor there.
    pub(super) fn crowds(mut self, bytes_at_most: usize) -> Self {
        let fresh = Fresh::new(self.subject.name(), bytes_at_most);
        self.subject = self
            .subject
            .with(Workload::IdleResident, crowd::idle_resident(fresh))
            .with(Workload::MillionActors, crowd::million_actors(fresh));
        self
    }

    /// Likewise, for the subjects whose growth is of interest.
    pub(super) fn growth(mut self, bytes_at_most: usize) -> Self {
        let fresh = Fresh::new(self.subject.name(), bytes_at_most);
        self.subject = self.subject.with(Workload::Growth, crowd::growth(fresh));
        self
    }
}

impl<C: Stage> Lineup<C> {
    /// One-way messages into unbounded mailboxes.
    pub(super) fn one_way(self) -> Self {
        self.add(Workload::OneWayOneUnbounded, |w, s| {
            messages::unbounded::<C>(w, s, 1)
        })
        .add(Workload::OneWayFourUnbounded, |w, s| {
            messages::unbounded::<C>(w, s, 4)
        })
        .add(Workload::Burst, messages::burst::<C>)
        .add(Workload::OneWay8, messages::of_size::<C, 1>)
        .add(Workload::OneWay64, messages::of_size::<C, 8>)
        .add(Workload::OneWay256, messages::of_size::<C, 32>)
    }

    /// Allocations per one-way message, of a subject without bounded mailboxes.
    pub(super) fn unbounded_allocs(self) -> Self {
        self.add(Workload::AllocsOneWay, allocs::one_way::<C>)
    }

    /// What every subject can run besides one-way messages.
    pub(super) fn asks_and_actors(self) -> Self {
        self.add(Workload::Ask, asks::one::<C>)
            .add(Workload::Ask256, asks::many::<C>)
            .add(Workload::Ring, ring::ring::<C>)
            .add(Workload::Spawn, spawning::spawn::<C>)
            .add(Workload::IdleBytes, spawning::idle_bytes::<C>)
            .add(Workload::SavinaPingPong, savina::ping_pong::<C>)
            .add(Workload::SavinaThroughput, savina::throughput::<C>)
            .add(Workload::SavinaCreate, savina::create::<C>)
            .add(Workload::SavinaBig, savina::big::<C>)
            .add(Workload::AllocsAsk, allocs::ask::<C>)
    }
}

impl<C: Stage + Bounded> Lineup<C> {
    /// What needs bounded mailboxes.
    pub(super) fn bounded(self) -> Self {
        self.add(Workload::OneWayOneBounded, |w, s| {
            messages::bounded::<C>(w, s, 1)
        })
        .add(Workload::OneWayFourBounded, |w, s| {
            messages::bounded::<C>(w, s, 4)
        })
        .add(Workload::AllocsOneWay, allocs::one_way_both::<C>)
    }
}
