//! The workloads: their names and where they run. What each measures stands in `catalogue.rs`, how large each is in `sizes.rs`, how
//! each is run in `local/`, `process/`, `sim/` and `pool/`.

use clap::ValueEnum;

/// One thing that is run. The value names are what `--only` takes.
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
    #[value(name = "one_way_8")]
    OneWay8,
    #[value(name = "one_way_64")]
    OneWay64,
    #[value(name = "one_way_256")]
    OneWay256,
    #[value(name = "ask")]
    Ask,
    #[value(name = "ask_256")]
    Ask256,
    #[value(name = "ask_latency")]
    AskLatency,
    #[value(name = "ring")]
    Ring,
    #[value(name = "spawn")]
    Spawn,
    #[value(name = "idle_bytes")]
    IdleBytes,
    #[value(name = "idle_resident")]
    IdleResident,
    #[value(name = "million_actors")]
    MillionActors,
    #[value(name = "growth")]
    Growth,
    #[value(name = "restart")]
    Restart,
    #[value(name = "restart_storm")]
    RestartStorm,
    #[value(name = "children_100k")]
    Children,
    #[value(name = "savina_ping_pong")]
    SavinaPingPong,
    #[value(name = "savina_fjt")]
    SavinaThroughput,
    #[value(name = "savina_fjc")]
    SavinaCreate,
    #[value(name = "savina_big")]
    SavinaBig,
    #[value(name = "allocs_one_way")]
    AllocsOneWay,
    #[value(name = "allocs_ask")]
    AllocsAsk,
    #[value(name = "process_one_way")]
    ProcessOneWay,
    #[value(name = "process_ask")]
    ProcessAsk,
    #[value(name = "sim_steps")]
    SimSteps,
    #[value(name = "sim_hour")]
    SimHour,
    #[value(name = "threads_submit")]
    ThreadsSubmit,
    #[value(name = "processes_submit")]
    ProcessesSubmit,
    #[value(name = "processes_map")]
    ProcessesMap,
    #[value(name = "processes_apply")]
    ProcessesApply,
    #[value(name = "process_start")]
    ProcessStart,
    #[value(name = "router_send_round_robin")]
    RouterRoundRobin,
    #[value(name = "router_send_random")]
    RouterRandom,
    #[value(name = "router_send_least_loaded")]
    RouterLeastLoaded,
    #[value(name = "router_send_hash")]
    RouterHash,
    #[value(name = "router_send_broadcast")]
    RouterBroadcast,
    #[value(name = "router_send_shared")]
    RouterShared,
    #[value(name = "skew_p99")]
    Skew,
    #[value(name = "scaling")]
    Scaling,
    #[value(name = "large_result")]
    LargeResult,
}

/// Where the two ends of a workload live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Local,
    Process,
    Sim,
    Pool,
}

impl Place {
    /// The subcommand that runs the workloads of this place.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Place::Local => "local",
            Place::Process => "process",
            Place::Sim => "sim",
            Place::Pool => "pool",
        }
    }
}

impl Workload {
    pub(crate) fn place(self) -> Place {
        match self {
            Workload::ProcessOneWay | Workload::ProcessAsk => Place::Process,
            Workload::SimSteps | Workload::SimHour => Place::Sim,
            Workload::ThreadsSubmit
            | Workload::ProcessesSubmit
            | Workload::ProcessesMap
            | Workload::ProcessesApply
            | Workload::ProcessStart
            | Workload::RouterRoundRobin
            | Workload::RouterRandom
            | Workload::RouterLeastLoaded
            | Workload::RouterHash
            | Workload::RouterBroadcast
            | Workload::RouterShared
            | Workload::Skew
            | Workload::Scaling
            | Workload::LargeResult => Place::Pool,
            _ => Place::Local,
        }
    }

    /// Whether each round runs in a process of its own, whose allocator and runtime start clean. There is nothing to warm up then.
    pub(crate) fn is_in_fresh_process(self) -> bool {
        matches!(
            self,
            Workload::IdleResident | Workload::MillionActors | Workload::Growth
        )
    }

    /// The name as it is typed.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value().expect("no workload is skipped");
        value.get_name().to_owned()
    }

    /// The list of workloads of a place, with the meaning of each figure, for `--help`.
    pub(crate) fn help(place: Place) -> String {
        let mut text = String::from("Workloads:\n");
        for workload in Workload::value_variants() {
            if workload.place() == place {
                text.push_str(&format!("  {}\n", workload.name()));
                for measure in workload.measures() {
                    let (name, meaning) = (measure.name, measure.meaning);
                    let limits = measure.limits();
                    if name == workload.name() {
                        text.push_str(&format!("      {meaning}{limits}\n"));
                    } else {
                        text.push_str(&format!("      {name}: {meaning}{limits}\n"));
                    }
                }
            }
        }
        text
    }
}
