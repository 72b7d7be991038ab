//! How many operations make one round of each workload.

use crate::pool::PoolSizes;

/// How many operations make one round.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// One-way messages, over all senders; divisible by four.
    pub(crate) messages: u64,
    pub(crate) asks: u64,
    pub(crate) ring_actors: usize,
    pub(crate) ring_hops: u64,
    pub(crate) spawned: usize,
    pub(crate) idle: usize,
    /// Idle actors of a fresh process.
    pub(crate) resident: usize,
    /// The actors of `million_actors`.
    pub(crate) million: usize,
    /// The four numbers of actors of `growth`, and how many fresh processes the median of each is over: small numbers pass so quickly
    /// that one process says little.
    pub(crate) growth: [(usize, usize); 4],
    pub(crate) restarts: u32,
    pub(crate) storm_children: usize,
    /// Failures of each child of the storm.
    pub(crate) storm_failures: u32,
    pub(crate) children_few: usize,
    pub(crate) children_many: usize,
    pub(crate) savina: Savina,
    /// Messages and asks under the allocation counter.
    pub(crate) counted: u64,
    pub(crate) process_messages: u64,
    pub(crate) process_asks: usize,
    /// Hops of all tokens of a simulated ring.
    pub(crate) sim_hops: u64,
    /// Virtual seconds of `sim_hour`.
    pub(crate) sim_seconds: u64,
    pub(crate) pool: PoolSizes,
}

/// The parameters of the Savina suite (Imam and Sarkar, "Savina: an actor benchmark suite", 2014), with its defaults in brackets.
#[derive(Clone, Copy)]
pub(crate) struct Savina {
    /// N of ping-pong (40,000): ten times as many, since one pair of actors is done with the published number in milliseconds.
    pub(crate) pings: u64,
    /// A of fork-join throughput (60).
    pub(crate) throughput_actors: usize,
    /// N of fork-join throughput, messages per actor (10,000).
    pub(crate) throughput_messages: u64,
    /// N of fork-join create, actors (40,000).
    pub(crate) created: usize,
    /// W of big, actors (120).
    pub(crate) big_actors: usize,
    /// N of big, pings per actor (20,000): a quarter, since two cores share what the published runs spread over many.
    pub(crate) big_pings: u32,
}

impl Sizes {
    /// Large enough that a round of the fastest subject takes tens of milliseconds.
    pub(crate) fn full() -> Self {
        Self {
            messages: 2_000_000,
            asks: 200_000,
            ring_actors: 1_000,
            ring_hops: 300_000,
            spawned: 20_000,
            idle: 10_000,
            resident: 100_000,
            million: 1_000_000,
            growth: [(1_000, 9), (10_000, 5), (100_000, 3), (1_000_000, 1)],
            restarts: 20_000,
            storm_children: 100,
            storm_failures: 100,
            children_few: 1_000,
            children_many: 100_000,
            savina: Savina {
                pings: 400_000,
                throughput_actors: 60,
                throughput_messages: 10_000,
                created: 40_000,
                big_actors: 120,
                big_pings: 5_000,
            },
            counted: 200_000,
            process_messages: 5_000_000,
            process_asks: 20_000,
            sim_hops: 900_000,
            sim_seconds: 3_600,
            pool: PoolSizes::full(),
        }
    }

    /// Small enough for CI, where only the final checks of each workload count. Allocations are counted over as many messages as it
    /// takes to believe the count.
    pub(crate) fn quick() -> Self {
        Self {
            messages: 4_000,
            asks: 512,
            ring_actors: 100,
            ring_hops: 1_000,
            spawned: 200,
            idle: 200,
            resident: 1_000,
            million: 10_000,
            growth: [(100, 1), (200, 1), (500, 1), (1_000, 1)],
            restarts: 50,
            storm_children: 10,
            storm_failures: 10,
            children_few: 50,
            children_many: 500,
            savina: Savina {
                pings: 400,
                throughput_actors: 60,
                throughput_messages: 20,
                created: 200,
                big_actors: 20,
                big_pings: 20,
            },
            counted: 100_000,
            process_messages: 20_000,
            process_asks: 200,
            sim_hops: 9_000,
            sim_seconds: 60,
            pool: PoolSizes::quick(),
        }
    }

    /// A quarter of these, to touch every code path and grow every buffer before the clock counts.
    pub(crate) fn warm_up(&self) -> Self {
        Self {
            messages: (self.messages / 4).next_multiple_of(4),
            asks: self.asks / 4,
            ring_hops: self.ring_hops / 4,
            spawned: self.spawned / 4,
            idle: self.idle / 4,
            restarts: self.restarts / 4,
            storm_failures: self.storm_failures / 4,
            children_few: self.children_few / 4,
            children_many: self.children_many / 100,
            savina: Savina {
                pings: self.savina.pings / 4,
                throughput_messages: self.savina.throughput_messages / 4,
                created: self.savina.created / 4,
                big_pings: self.savina.big_pings / 4,
                ..self.savina
            },
            process_messages: self.process_messages / 4,
            process_asks: self.process_asks / 4,
            sim_hops: self.sim_hops / 4,
            sim_seconds: self.sim_seconds / 4,
            pool: self.pool.warm_up(),
            ..*self
        }
    }
}
