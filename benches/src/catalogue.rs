//! What each workload measures: name, unit and meaning of every figure, and the bars it is held against.
//!
//! A bar is a ratio of times (or of bytes) that ours should stay below. Meeting it is information. A law is a figure that ours must not
//! exceed: a run that breaks one fails.

mod pool;

use crate::workload::Workload;

/// One figure of a workload: one line of JSON, one block of the table.
pub(crate) struct Measure {
    /// The name in the output.
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    /// What exactly one unit of the figure stands for.
    pub(crate) meaning: &'static str,
    pub(crate) bars: Bars,
    /// The largest figure that ours may have, if a larger one is a fault.
    pub(crate) law: Option<f64>,
}

/// The largest ratio of ours to another that counts as met.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bars {
    pub(crate) raw: Option<f64>,
    pub(crate) raw_timeout: Option<f64>,
    pub(crate) best_peer: Option<f64>,
    pub(crate) python: Option<f64>,
    /// Of ours done otherwise.
    pub(crate) otherwise: Option<f64>,
    /// Of the figure itself, for figures that are ratios already.
    pub(crate) own: Option<f64>,
}

const NO_BARS: Bars = Bars {
    raw: None,
    raw_timeout: None,
    best_peer: None,
    python: None,
    otherwise: None,
    own: None,
};

const fn ns(name: &'static str, meaning: &'static str) -> Measure {
    measure(name, "ns", meaning)
}

const fn measure(name: &'static str, unit: &'static str, meaning: &'static str) -> Measure {
    Measure {
        name,
        unit,
        meaning,
        bars: NO_BARS,
        law: None,
    }
}

impl Measure {
    /// Held against the hand-written loop, and against the best of the peers.
    const fn bars(mut self, raw: f64, best_peer: f64) -> Self {
        self.bars.raw = Some(raw);
        self.bars.best_peer = Some(best_peer);
        self
    }

    /// Held against what one writes by hand, alone.
    const fn raw_bar(mut self, ratio: f64) -> Self {
        self.bars.raw = Some(ratio);
        self
    }

    /// Held against Python's standard library.
    const fn python_bar(mut self, ratio: f64) -> Self {
        self.bars.python = Some(ratio);
        self
    }

    /// Held against another way of ours.
    const fn otherwise_bar(mut self, ratio: f64) -> Self {
        self.bars.otherwise = Some(ratio);
        self
    }

    /// Held against the hand-written loop with a deadline as well.
    const fn timeout_bar(mut self, ratio: f64) -> Self {
        self.bars.raw_timeout = Some(ratio);
        self
    }

    /// The figure itself should not exceed `bar`.
    const fn own_bar(mut self, bar: f64) -> Self {
        self.bars.own = Some(bar);
        self
    }

    /// What ours is held against, in words; empty where there is nothing.
    pub(crate) fn limits(&self) -> String {
        let bars = [
            (self.bars.raw, " of raw"),
            (self.bars.raw_timeout, " of raw_timeout"),
            (self.bars.best_peer, " of the best peer"),
            (self.bars.python, " of python"),
            (self.bars.otherwise, " of the other way"),
            (self.bars.own, ""),
        ];
        let bars = bars.iter().filter_map(|(bar, of)| bar.map(|bar| (bar, of)));
        let mut words: Vec<_> = bars
            .map(|(bar, of)| format!("{}{of}", bar_number(bar)))
            .collect();
        words.extend(self.law.map(|law| format!("{law}, or the run fails")));
        match words.is_empty() {
            true => String::new(),
            false => format!(" [bar: {}]", words.join(", ")),
        }
    }

    /// A larger figure of ours fails the run.
    const fn law(mut self, largest: f64) -> Self {
        self.law = Some(largest);
        self
    }
}

/// A ratio or a bar in words: small ones need a digit more.
pub(crate) fn bar_number(bar: f64) -> String {
    match bar < 0.1 {
        true => format!("{bar:.3}"),
        false => format!("{bar:.2}"),
    }
}

impl Workload {
    /// The figures of a workload, in the order in which a round returns them.
    pub(crate) fn measures(self) -> &'static [Measure] {
        match self {
            Workload::OneWayOneUnbounded => {
                const {
                    &[ns(
                        "one_way_1_1_unbounded",
                        "ns per message, 1 sender, unbounded mailbox",
                    )
                    .bars(0.90, 0.22)]
                }
            }
            Workload::OneWayFourUnbounded => {
                const {
                    &[ns(
                        "one_way_4_1_unbounded",
                        "ns per message, 4 senders, unbounded mailbox",
                    )
                    .bars(0.75, 0.80)]
                }
            }
            Workload::Burst => {
                const {
                    &[ns(
                        "one_way_1_1_burst",
                        "ns per message, 1 sender that never yields, so that all queue up",
                    )]
                }
            }
            Workload::OneWayOneBounded => {
                const {
                    &[ns(
                        "one_way_1_1_bounded",
                        "ns per message, 1 sender, mailbox of 1,024",
                    )
                    .bars(0.45, 0.15)]
                }
            }
            Workload::OneWayFourBounded => {
                const {
                    &[ns(
                        "one_way_4_1_bounded",
                        "ns per message, 4 senders, mailbox of 1,024",
                    )
                    .bars(0.50, 0.18)]
                }
            }
            Workload::OneWay8 => {
                const {
                    &[ns(
                        "one_way_8",
                        "ns per message of 8 bytes, 1 sender, unbounded mailbox",
                    )]
                }
            }
            Workload::OneWay64 => {
                const {
                    &[ns(
                        "one_way_64",
                        "ns per message of 64 bytes, 1 sender, unbounded mailbox",
                    )]
                }
            }
            Workload::OneWay256 => {
                const {
                    &[ns(
                        "one_way_256",
                        "ns per message of 256 bytes, 1 sender, unbounded mailbox",
                    )]
                }
            }
            Workload::Ask => {
                const {
                    &[ns(
                        "ask",
                        "ns per ask, one at a time, each subject's default deadline",
                    )
                    .bars(1.10, 0.60)
                    .timeout_bar(0.45)]
                }
            }
            Workload::Ask256 => {
                const {
                    &[ns(
                        "ask_256",
                        "ns per ask, 256 tasks that each ask again when they have the answer",
                    )
                    .bars(1.00, 0.60)]
                }
            }
            Workload::AskLatency => ASK_LATENCY,
            Workload::Ring => {
                const { &[ns("ring", "ns per hop of one token through 1,000 actors").bars(0.95, 0.35)] }
            }
            Workload::Spawn => {
                const {
                    &[ns(
                        "spawn",
                        "ns per actor, from the first spawn until all have started",
                    )
                    .bars(0.55, 0.95)]
                }
            }
            Workload::IdleBytes => {
                const {
                    &[measure(
                        "idle_bytes",
                        "bytes",
                        "heap bytes asked of the global allocator per started, idle actor",
                    )]
                }
            }
            Workload::IdleResident => {
                const {
                    &[measure(
                        "idle_resident",
                        "bytes",
                        "resident bytes per started, idle actor, of 100,000 in a fresh process",
                    )
                    .bars(0.48, 0.95)]
                }
            }
            Workload::MillionActors => MILLION_ACTORS,
            Workload::Growth => GROWTH,
            Workload::Restart => {
                const {
                    &[ns(
                        "restart",
                        "ns from sending a failing message to the answer of the next incarnation",
                    )]
                }
            }
            Workload::RestartStorm => {
                const {
                    &[measure(
                        "restart_storm",
                        "ms",
                        "ms for 10,000 failures, queued to 100 children at once, and their restarts",
                    )]
                }
            }
            Workload::Children => CHILDREN,
            Workload::SavinaPingPong => {
                const {
                    &[ns(
                        "savina_ping_pong",
                        "ns per ping: there, back, and a message to oneself; 400,000 pings (published: 40,000)",
                    )]
                }
            }
            Workload::SavinaThroughput => {
                const {
                    &[ns(
                        "savina_fjt",
                        "ns per message with a sine each, fork-join throughput: 60 actors × 10,000 messages (as published)",
                    )]
                }
            }
            Workload::SavinaCreate => {
                const {
                    &[ns(
                        "savina_fjc",
                        "ns per actor, fork-join create: 40,000 actors (as published) start, handle one message with a sine, end",
                    )]
                }
            }
            Workload::SavinaBig => {
                const {
                    &[ns(
                        "savina_big",
                        "ns per ping and its pong: 120 actors (as published) × 5,000 pings to random others (published: 20,000)",
                    )]
                }
            }
            Workload::AllocsOneWay => ALLOCS_ONE_WAY,
            Workload::AllocsAsk => {
                const {
                    &[measure(
                        "allocs_ask",
                        "allocations",
                        "allocations per ask, one at a time, after a warm-up",
                    )]
                }
            }
            Workload::ProcessOneWay => {
                const { &[ns("process_one_way", "ns per message to a worker process")] }
            }
            Workload::SimSteps => {
                const {
                    &[ns(
                        "sim_steps",
                        "ns per step of a simulation on one core, ring of 100 actors with 90 tokens; 3 million a second are 333",
                    )
                    .own_bar(333.0)]
                }
            }
            Workload::SimHour => {
                const {
                    &[measure(
                        "sim_hour",
                        "ms",
                        "ms of real time for an hour of virtual time with a hundred intervals of a second",
                    )
                    .own_bar(300.0)]
                }
            }
            Workload::ThreadsSubmit => pool::THREADS_SUBMIT,
            Workload::ProcessesSubmit => pool::PROCESSES_SUBMIT,
            Workload::ProcessesMap => pool::PROCESSES_MAP,
            Workload::ProcessesApply => pool::PROCESSES_APPLY,
            Workload::ProcessStart => pool::PROCESS_START,
            Workload::RouterRoundRobin => pool::ROUTER_ROUND_ROBIN,
            Workload::RouterRandom => pool::ROUTER_RANDOM,
            Workload::RouterLeastLoaded => pool::ROUTER_LEAST_LOADED,
            Workload::RouterHash => pool::ROUTER_HASH,
            Workload::RouterBroadcast => pool::ROUTER_BROADCAST,
            Workload::RouterShared => pool::ROUTER_SHARED,
            Workload::Skew => pool::SKEW,
            Workload::Scaling => pool::SCALING,
            Workload::LargeResult => pool::LARGE_RESULT,
            Workload::ProcessAsk => {
                const {
                    &[measure(
                        "process_ask",
                        "us",
                        "µs per round trip to a worker process, p50, one at a time",
                    )]
                }
            }
        }
    }
}

const ASK_LATENCY: &[Measure] = &[
    measure(
        "ask_latency_p50",
        "us",
        "µs from when an ask was due to its answer, p50, asked at a fixed rate",
    ),
    measure("ask_latency_p99", "us", "the same, p99"),
    measure("ask_latency_p999", "us", "the same, p99.9"),
    ns(
        "ask_latency_interval",
        "ns between two asks: the same for all subjects, half of the saturation rate of the slower one",
    ),
];

const MILLION_ACTORS: &[Measure] = &[
    measure(
        "million_actors",
        "ms",
        "ms from the first spawn of a million actors until each has handled its one message",
    ),
    measure(
        "million_actors_resident",
        "MB",
        "resident megabytes of a million actors, all alive, after one message each",
    ),
];

const GROWTH: &[Measure] = &[
    ns(
        "growth_ns_1e3",
        "ns per actor, from the first spawn until all have started, 1,000 actors in a fresh process",
    ),
    ns("growth_ns_1e4", "the same, 10,000 actors"),
    ns("growth_ns_1e5", "the same, 100,000 actors"),
    ns("growth_ns_1e6", "the same, 1,000,000 actors"),
    measure(
        "growth_ns_spread",
        "ratio",
        "the largest of the four times over the smallest; flat is 1",
    )
    .own_bar(1.20),
    measure(
        "growth_bytes_1e3",
        "bytes",
        "resident bytes per started, idle actor, 1,000 actors in a fresh process",
    ),
    measure("growth_bytes_1e4", "bytes", "the same, 10,000 actors"),
    measure("growth_bytes_1e5", "bytes", "the same, 100,000 actors"),
    measure("growth_bytes_1e6", "bytes", "the same, 1,000,000 actors"),
    measure(
        "growth_bytes_spread",
        "ratio",
        "the largest of the four sizes over the smallest; flat is 1",
    )
    .own_bar(1.20),
];

const CHILDREN: &[Measure] = &[
    ns(
        "children_100k",
        "ns per dynamic child started and terminated through its supervisor, 100,000 children",
    ),
    ns("children_1k", "the same, 1,000 children"),
    measure(
        "children_growth",
        "ratio",
        "the cost per child among 100,000 over that among 1,000",
    )
    .own_bar(10.0),
];

const ALLOCS_ONE_WAY: &[Measure] = &[
    measure(
        "allocs_one_way_unbounded",
        "allocations",
        "allocations per one-way message after a warm-up, unbounded mailbox, 64 at a time",
    )
    .law(0.0),
    measure(
        "allocs_one_way_bounded",
        "allocations",
        "allocations per one-way message after a warm-up, full mailbox of 64 with a waiting sender",
    )
    .law(0.0),
];
