//! Warm-up, rounds and alternation. Knows neither actors nor processes: a subject is a name and a
//! function per workload that returns one figure.

use crate::workload::{Sizes, Workload};

/// One round of one workload: runs it whole, checks that nothing was lost, returns the figure.
pub(crate) type Run = Box<dyn FnMut(&Sizes) -> f64>;

/// What a subject stands for in the ratios.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Ours,
    /// What a user writes who takes no actor crate.
    Raw,
    /// Another actor crate.
    Peer,
    /// Shown for comparison, part of no ratio.
    Extra,
}

/// One contender, with the workloads that it can run.
pub(crate) struct Subject {
    name: &'static str,
    role: Role,
    runs: Vec<(Workload, Run)>,
}

impl Subject {
    pub(crate) fn new(name: &'static str, role: Role) -> Self {
        Self {
            name,
            role,
            runs: Vec::new(),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Adds a workload to the ones that this subject can run.
    pub(crate) fn with(mut self, workload: Workload, run: Run) -> Self {
        self.runs.push((workload, run));
        self
    }

    fn run_mut(&mut self, workload: Workload) -> Option<&mut Run> {
        let found = self.runs.iter_mut().find(|(w, _)| *w == workload);
        found.map(|(_, run)| run)
    }
}

/// The figures of one subject, one per round and in their order.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Empty when the subject has no such thing, as ractor has no bounded mailbox.
    pub(crate) figures: Vec<f64>,
}

/// The figures of all subjects for one workload.
pub(crate) struct Outcome {
    pub(crate) workload: Workload,
    pub(crate) series: Vec<Series>,
}

/// Runs `workload` on all subjects: one warm-up each, then `rounds` rounds in which they take turns.
/// Every round begins with another subject, so that none always runs in the same one's wake.
pub(crate) fn measure(
    subjects: &mut [Subject],
    workload: Workload,
    sizes: &Sizes,
    rounds: u32,
) -> Outcome {
    let mut series: Vec<Series> = subjects
        .iter()
        .map(|s| Series {
            name: s.name,
            role: s.role,
            figures: Vec::new(),
        })
        .collect();
    let warm_up = sizes.warm_up();
    for subject in subjects.iter_mut() {
        if let Some(run) = subject.run_mut(workload) {
            run(&warm_up);
        }
    }
    for round in 0..rounds as usize {
        for turn in 0..subjects.len() {
            let index = (round + turn) % subjects.len();
            if let Some(run) = subjects[index].run_mut(workload) {
                series[index].figures.push(run(sizes));
            }
        }
    }
    Outcome { workload, series }
}
