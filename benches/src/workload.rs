//! The workloads: their names, units and sizes. How each is run stands in `local/` and `process/`.

use clap::ValueEnum;

/// One thing that is measured. The value names are the names in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    #[value(name = "one_way_1_1_unbounded")]
    OneWayOneUnbounded,
    #[value(name = "one_way_4_1_unbounded")]
    OneWayFourUnbounded,
    #[value(name = "one_way_1_1_burst")]
    Burst,
    #[value(name = "one_way_1_1_bounded")]
    OneWayOneBounded,
    #[value(name = "one_way_4_1_bounded")]
    OneWayFourBounded,
    #[value(name = "ask")]
    Ask,
    #[value(name = "ring")]
    Ring,
    #[value(name = "spawn")]
    Spawn,
    #[value(name = "idle_bytes")]
    IdleBytes,
    #[value(name = "process_one_way")]
    ProcessOneWay,
    #[value(name = "process_ask")]
    ProcessAsk,
}

/// Where the two ends of a workload live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Local,
    Process,
}

impl Place {
    /// The subcommand that runs the workloads of this place.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Place::Local => "local",
            Place::Process => "process",
        }
    }
}

impl Workload {
    pub(crate) fn place(self) -> Place {
        match self {
            Workload::ProcessOneWay | Workload::ProcessAsk => Place::Process,
            _ => Place::Local,
        }
    }

    /// The name as it is typed and printed.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value().expect("no workload is skipped");
        value.get_name().to_owned()
    }

    /// The unit in the JSON output.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Workload::IdleBytes => "bytes",
            Workload::ProcessAsk => "us",
            _ => "ns",
        }
    }

    /// What exactly one unit of the figure stands for.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Workload::OneWayOneUnbounded => "ns per message, 1 sender, unbounded mailbox",
            Workload::OneWayFourUnbounded => "ns per message, 4 senders, unbounded mailbox",
            Workload::Burst => "ns per message, 1 sender that never yields, so that all queue up",
            Workload::OneWayOneBounded => "ns per message, 1 sender, mailbox of 1,024",
            Workload::OneWayFourBounded => "ns per message, 4 senders, mailbox of 1,024",
            Workload::Ask => "ns per ask, one at a time, each subject's default deadline",
            Workload::Ring => "ns per hop of one token through 1,000 actors",
            Workload::Spawn => "ns per actor, from the first spawn until all have started",
            Workload::IdleBytes => {
                "heap bytes asked of the global allocator per started, idle actor"
            }
            Workload::ProcessOneWay => "ns per message to a worker process",
            Workload::ProcessAsk => "µs per round trip to a worker process, p50, one at a time",
        }
    }

    /// The list of workloads for `--help`.
    pub(crate) fn help() -> String {
        let list = |place| {
            let names: Vec<_> = Workload::value_variants()
                .iter()
                .filter(|w| w.place() == place)
                .map(|w| w.name())
                .collect();
            names.join(", ")
        };
        format!(
            "With `local`: {}. With `process`: {}.",
            list(Place::Local),
            list(Place::Process)
        )
    }
}

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
    pub(crate) process_messages: u64,
    pub(crate) process_asks: usize,
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
            process_messages: 5_000_000,
            process_asks: 20_000,
        }
    }

    /// Small enough for CI, where only the final checks of each workload count.
    pub(crate) fn quick() -> Self {
        Self {
            messages: 4_000,
            asks: 200,
            ring_actors: 100,
            ring_hops: 1_000,
            spawned: 200,
            idle: 200,
            process_messages: 20_000,
            process_asks: 200,
        }
    }

    /// A quarter of these, to touch every code path and grow every buffer before the clock counts.
    pub(crate) fn warm_up(&self) -> Self {
        Self {
            messages: (self.messages / 4).next_multiple_of(4),
            asks: self.asks / 4,
            ring_actors: self.ring_actors,
            ring_hops: self.ring_hops / 4,
            spawned: self.spawned / 4,
            idle: self.idle / 4,
            process_messages: self.process_messages / 4,
            process_asks: self.process_asks / 4,
        }
    }
}
