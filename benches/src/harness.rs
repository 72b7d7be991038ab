//! Warm-up, rounds and alternation. Knows neither actors nor processes: a subject is a name and a
//! function per workload that returns its figures.

use crate::{catalogue::Measure, sizes::Sizes, workload::Workload};

/// One round of one workload: runs it whole, checks that nothing was lost, returns its figures.
pub(crate) type Run = Box<dyn FnMut(&Sizes) -> Figures>;

/// What one round measured: one figure for each [`Measure`] of the workload, in their order.
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    /// In the place of a figure that a subject does not have, as ractor has no bounded mailbox.
    pub(crate) const ABSENT: f64 = f64::NAN;

    /// The subject cannot run the workload here and now.
    pub(crate) fn none_of(workload: Workload) -> Self {
        Self(vec![Self::ABSENT; workload.measures().len()])
    }

    pub(crate) fn as_slice(&self) -> &[f64] {
        &self.0
    }
}

impl From<f64> for Figures {
    fn from(figure: f64) -> Self {
        Self(vec![figure])
    }
}

impl<const N: usize> From<[f64; N]> for Figures {
    fn from(figures: [f64; N]) -> Self {
        Self(figures.into())
    }
}

/// What a subject stands for in the ratios.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Ours,
    /// What a user writes who takes no actor crate.
    Raw,
    /// The same with a deadline on each ask; otherwise shown for comparison.
    RawTimeout,
    /// Another actor crate.
    Peer,
    /// Another actor crate, which runs on threads of its own and not on the workers that the others share.
    PeerApart,
    /// Python's standard library.
    Python,
    /// Ours, done in the way that is worse for this.
    Otherwise,
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
    pub(crate) figures: Vec<f64>,
}

/// The figures of all subjects that have any, for one measure.
pub(crate) struct Outcome {
    pub(crate) measure: &'static Measure,
    pub(crate) series: Vec<Series>,
}

/// Runs `workload` on all subjects: one warm-up each, then `rounds` rounds in which they take turns.
/// Every round begins with another subject, so that none always runs in the same one's wake.
pub(crate) fn measure(
    subjects: &mut [Subject],
    workload: Workload,
    sizes: &Sizes,
    rounds: u32,
) -> Vec<Outcome> {
    if !workload.is_in_fresh_process() {
        let warm_up = sizes.warm_up();
        for run in subjects.iter_mut().filter_map(|s| s.run_mut(workload)) {
            run(&warm_up);
        }
    }
    let mut by_subject: Vec<Vec<Figures>> = subjects.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds as usize {
        for turn in 0..subjects.len() {
            let index = (round + turn) % subjects.len();
            if let Some(run) = subjects[index].run_mut(workload) {
                by_subject[index].push(run(sizes));
            }
        }
    }
    let measures = workload.measures().iter().enumerate();
    measures
        .map(|(place, measure)| Outcome {
            measure,
            series: series_at(place, subjects, &by_subject),
        })
        .collect()
}

/// What stands at `place` of the figures of every round, by subject.
fn series_at(place: usize, subjects: &[Subject], by_subject: &[Vec<Figures>]) -> Vec<Series> {
    let all = subjects.iter().zip(by_subject).map(|(subject, rounds)| {
        let figures = rounds.iter().map(|figures| figures.0[place]);
        Series {
            name: subject.name,
            role: subject.role,
            figures: figures.filter(|figure| !figure.is_nan()).collect(),
        }
    });
    all.filter(|series| !series.figures.is_empty()).collect()
}
