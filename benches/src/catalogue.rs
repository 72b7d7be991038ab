//! What each workload measures: name, unit and meaning of every figure, and the bars it is held against.
//!
//! A bar is a ratio of times (or of bytes) that ours should stay below. Meeting it is information. A law is a figure that ours must not
//! exceed: a run that breaks one fails.

mod local;
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
            Workload::OneWayOneUnbounded => local::ONE_WAY_ONE_UNBOUNDED,
            Workload::OneWayFourUnbounded => local::ONE_WAY_FOUR_UNBOUNDED,
            Workload::Burst => local::BURST,
            Workload::OneWayOneBounded => local::ONE_WAY_ONE_BOUNDED,
            Workload::OneWayFourBounded => local::ONE_WAY_FOUR_BOUNDED,
            Workload::OneWay8 => local::ONE_WAY_8,
            Workload::OneWay64 => local::ONE_WAY_64,
            Workload::OneWay256 => local::ONE_WAY_256,
            Workload::Ask => local::ASK,
            Workload::Ask256 => local::ASK_256,
            Workload::AskLatency => local::ASK_LATENCY,
            Workload::Ring => local::RING,
            Workload::Spawn => local::SPAWN,
            Workload::IdleBytes => local::IDLE_BYTES,
            Workload::IdleResident => local::IDLE_RESIDENT,
            Workload::MillionActors => local::MILLION_ACTORS,
            Workload::Growth => local::GROWTH,
            Workload::Restart => local::RESTART,
            Workload::RestartStorm => local::RESTART_STORM,
            Workload::Children => local::CHILDREN,
            Workload::SavinaPingPong => local::SAVINA_PING_PONG,
            Workload::SavinaThroughput => local::SAVINA_THROUGHPUT,
            Workload::SavinaCreate => local::SAVINA_CREATE,
            Workload::SavinaBig => local::SAVINA_BIG,
            Workload::AllocsOneWay => local::ALLOCS_ONE_WAY,
            Workload::AllocsAsk => local::ALLOCS_ASK,
            Workload::ProcessOneWay => local::PROCESS_ONE_WAY,
            Workload::SimSteps => local::SIM_STEPS,
            Workload::SimHour => local::SIM_HOUR,
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
            Workload::ProcessAsk => local::PROCESS_ASK,
        }
    }
}
