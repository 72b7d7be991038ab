//! The figures of job pools and routers. "raw" and "python" are said with each, since they are something else each time.

use super::{Measure, measure, ns};

pub(super) const THREADS_SUBMIT: &[Measure] = &[ns(
    "threads_submit",
    "ns per tiny closure, submitted to two threads and collected; raw: tokio spawn + join on two workers; python: ThreadPoolExecutor(2).submit",
)
.raw_bar(0.80)];

pub(super) const PROCESSES_SUBMIT: &[Measure] = &[measure(
    "processes_submit",
    "us",
    "µs per tiny registered job, submitted to two processes and collected; python: ProcessPoolExecutor(2).submit",
)
.own_bar(2.0)
.python_bar(1.0 / 40.0)];

pub(super) const PROCESSES_MAP: &[Measure] = &[ns(
    "processes_map",
    "ns per item of a map of tiny retryable jobs over two processes, automatic chunks; python: Pool(2).map",
)
.own_bar(120.0)
.python_bar(0.50)];

pub(super) const PROCESSES_APPLY: &[Measure] = &[measure(
    "processes_apply",
    "us",
    "µs per job of a process pool, p50, one at a time; raw: blocking round trip over a socket pair; python: Pool(2).apply",
)
.raw_bar(1.60)];

pub(super) const PROCESS_START: &[Measure] = &[measure(
    "process_start",
    "ms",
    "ms from starting a pool of one process to its first result, p50; python: Process start + join, by fork",
)
.own_bar(5.0)
.python_bar(1.0)];

/// What a message through a router may cost, beside one that is sent by hand.
const ROUTER_BAR: f64 = 1.50;

const fn router(name: &'static str, meaning: &'static str) -> Measure {
    ns(name, meaning).raw_bar(ROUTER_BAR)
}

pub(super) const ROUTER_ROUND_ROBIN: &[Measure] = &[router(
    "router_send_round_robin",
    "ns per message to 8 workers, until all are handled; raw: the same workers in rotation, by hand",
)];
pub(super) const ROUTER_RANDOM: &[Measure] =
    &[router("router_send_random", "the same, one of 8 at random")];
pub(super) const ROUTER_LEAST_LOADED: &[Measure] = &[router(
    "router_send_least_loaded",
    "the same, the less loaded of two at random",
)];
pub(super) const ROUTER_HASH: &[Measure] = &[router(
    "router_send_hash",
    "the same, by a key, which is another in each message",
)];
pub(super) const ROUTER_BROADCAST: &[Measure] = &[router(
    "router_send_broadcast",
    "ns per push, 8 to a message; raw: a loop over the workers, by hand",
)];
pub(super) const ROUTER_SHARED: &[Measure] = &[router(
    "router_send_shared",
    "ns per message to a queue that 8 workers share; raw: the workers in rotation, by hand",
)];

pub(super) const SKEW: &[Measure] = &[measure(
    "skew_p99",
    "us",
    "µs from when a job was due until it was done, p99 of the short ones where 1 in 100 takes 100 times longer; ours is the shared queue",
)
.otherwise_bar(0.20)];

pub(super) const SCALING: &[Measure] = &[measure(
    "scaling",
    "ms",
    "ms for equal jobs of 1 ms of CPU over two processes; raw: the ideal, half the time of one thread; the bar is 0.95 of it; two_threads: what two plain threads reach",
)
.raw_bar(1.0 / 0.95)];

pub(super) const LARGE_RESULT: &[Measure] = &[measure(
    "large_result",
    "ms",
    "ms per result of 64 MiB from a process; raw: as many bytes over a socket pair into a buffer that is used again; the bar is half its throughput",
)
.raw_bar(2.0)];
