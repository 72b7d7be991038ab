//! The figures of actors, of the simulation and of single processes.

use super::{Measure, measure, ns};

pub(super) const ONE_WAY_ONE_UNBOUNDED: &[Measure] = &[ns(
    "one_way_1_1_unbounded",
    "ns per message, 1 sender, unbounded mailbox",
)
.bars(0.90, 0.22)];

pub(super) const ONE_WAY_FOUR_UNBOUNDED: &[Measure] = &[ns(
    "one_way_4_1_unbounded",
    "ns per message, 4 senders, unbounded mailbox",
)
.bars(0.75, 0.80)];

pub(super) const BURST: &[Measure] = &[ns(
    "one_way_1_1_burst",
    "ns per message, 1 sender that never yields, so that all queue up",
)];

pub(super) const ONE_WAY_ONE_BOUNDED: &[Measure] = &[ns(
    "one_way_1_1_bounded",
    "ns per message, 1 sender, mailbox of 1,024",
)
.bars(0.45, 0.15)];

pub(super) const ONE_WAY_FOUR_BOUNDED: &[Measure] = &[ns(
    "one_way_4_1_bounded",
    "ns per message, 4 senders, mailbox of 1,024",
)
.bars(0.50, 0.18)];

pub(super) const ONE_WAY_8: &[Measure] = &[ns(
    "one_way_8",
    "ns per message of 8 bytes, 1 sender, unbounded mailbox",
)];

pub(super) const ONE_WAY_64: &[Measure] = &[ns(
    "one_way_64",
    "ns per message of 64 bytes, 1 sender, unbounded mailbox",
)];

pub(super) const ONE_WAY_256: &[Measure] = &[ns(
    "one_way_256",
    "ns per message of 256 bytes, 1 sender, unbounded mailbox",
)];

pub(super) const ASK: &[Measure] = &[ns(
    "ask",
    "ns per ask, one at a time, each subject's default deadline",
)
.bars(1.10, 0.60)
.timeout_bar(0.45)];

pub(super) const ASK_256: &[Measure] = &[ns(
    "ask_256",
    "ns per ask, 256 tasks that each ask again when they have the answer",
)
.bars(1.00, 0.60)];

pub(super) const RING: &[Measure] =
    &[ns("ring", "ns per hop of one token through 1,000 actors").bars(0.95, 0.35)];

pub(super) const SPAWN: &[Measure] = &[ns(
    "spawn",
    "ns per actor, from the first spawn until all have started",
)
.bars(0.55, 0.95)];

pub(super) const IDLE_BYTES: &[Measure] = &[measure(
    "idle_bytes",
    "bytes",
    "heap bytes asked of the global allocator per started, idle actor",
)];

pub(super) const IDLE_RESIDENT: &[Measure] = &[measure(
    "idle_resident",
    "bytes",
    "resident bytes per started, idle actor, of 100,000 in a fresh process",
)
.bars(0.48, 0.95)];

pub(super) const RESTART: &[Measure] = &[ns(
    "restart",
    "ns from sending a failing message to the answer of the next incarnation",
)];

pub(super) const RESTART_STORM: &[Measure] = &[measure(
    "restart_storm",
    "ms",
    "ms for 10,000 failures, queued to 100 children at once, and their restarts",
)];

pub(super) const SAVINA_PING_PONG: &[Measure] = &[ns(
    "savina_ping_pong",
    "ns per ping: there, back, and a message to oneself; 400,000 pings (published: 40,000)",
)];

pub(super) const SAVINA_THROUGHPUT: &[Measure] = &[ns(
    "savina_fjt",
    "ns per message with a sine each, fork-join throughput: 60 actors × 10,000 messages (as published)",
)];

pub(super) const SAVINA_CREATE: &[Measure] = &[ns(
    "savina_fjc",
    "ns per actor, fork-join create: 40,000 actors (as published) start, handle one message with a sine, end",
)];

pub(super) const SAVINA_BIG: &[Measure] = &[ns(
    "savina_big",
    "ns per ping and its pong: 120 actors (as published) × 5,000 pings to random others (published: 20,000)",
)];

pub(super) const ALLOCS_ASK: &[Measure] = &[measure(
    "allocs_ask",
    "allocations",
    "allocations per ask, one at a time, after a warm-up",
)];

pub(super) const PROCESS_ONE_WAY: &[Measure] =
    &[ns("process_one_way", "ns per message to a worker process")];

pub(super) const SIM_STEPS: &[Measure] = &[ns(
                        "sim_steps",
                        "ns per step of a simulation on one core, ring of 100 actors with 90 tokens; 3 million a second are 333",
                    )
                    .own_bar(333.0)];

pub(super) const SIM_HOUR: &[Measure] = &[measure(
    "sim_hour",
    "ms",
    "ms of real time for an hour of virtual time with a hundred intervals of a second",
)
.own_bar(300.0)];

pub(super) const PROCESS_ASK: &[Measure] = &[measure(
    "process_ask",
    "us",
    "µs per round trip to a worker process, p50, one at a time",
)];

pub(super) const ASK_LATENCY: &[Measure] = &[
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

pub(super) const MILLION_ACTORS: &[Measure] = &[
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

pub(super) const GROWTH: &[Measure] = &[
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

pub(super) const CHILDREN: &[Measure] = &[
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

pub(super) const ALLOCS_ONE_WAY: &[Measure] = &[
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
