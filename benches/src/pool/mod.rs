//! Job pools and routers, beside what one writes by hand and beside Python's standard library.
//!
//! | file | what it does |
//! |---|---|
//! | `jobs.rs` | the functions that are run |
//! | `submitting.rs` | handing in and collecting: threads, processes, maps, one at a time |
//! | `starting.rs` | from nothing to the first result |
//! | `routing.rs` | messages to eight workers |
//! | `skew.rs` | what short jobs suffer from long ones |
//! | `scaling.rs` | two processes beside two threads |
//! | `large.rs` | 64 MiB in one piece |
//! | `python.rs`, `peer.py` | the peer, and how it is talked to |
//! | `kept.rs` | what stays from round to round |
//! | `sizes.rs` | how much of each makes a round |

pub(crate) mod jobs;
mod kept;
mod large;
mod python;
mod routing;
mod scaling;
mod sizes;
mod skew;
mod starting;
mod submitting;

use tokio::runtime::Runtime;

use crate::{
    harness::{Role, Subject},
    process::raw,
    workload::Workload,
};
use kept::lazily;
pub(crate) use python::in_words as python_in_words;
pub(crate) use sizes::PoolSizes;

/// All subjects that there are, in the order of the table.
pub(crate) fn subjects(runtime: &Runtime) -> Vec<Subject> {
    let on = runtime.handle();
    let mut subjects = vec![
        ours(on),
        by_hand(on),
        Subject::new("two_threads", Role::Extra).with(Workload::Scaling, scaling::two_threads(on)),
        Subject::new("raw_fresh", Role::Extra)
            .with(Workload::LargeResult, lazily(large::raw_into_fresh)),
        Subject::new("round_robin", Role::Otherwise).with(Workload::Skew, skew::round_robin(on)),
    ];
    subjects.extend(python::subject());
    subjects
}

fn ours(on: &tokio::runtime::Handle) -> Subject {
    let subject = Subject::new("ours", Role::Ours)
        .with(Workload::ThreadsSubmit, submitting::threads(on))
        .with(Workload::ProcessesSubmit, submitting::processes(on))
        .with(Workload::ProcessesMap, submitting::map(on))
        .with(Workload::ProcessesApply, submitting::apply(on))
        .with(Workload::ProcessStart, starting::ours(on))
        .with(Workload::Skew, skew::shared_queue(on))
        .with(Workload::Scaling, scaling::ours(on))
        .with(Workload::LargeResult, large::ours(on));
    let add = |subject: Subject, (workload, policy)| {
        subject.with(workload, routing::routed(on, workload, policy))
    };
    routing::POLICIES.into_iter().fold(subject, add)
}

fn by_hand(on: &tokio::runtime::Handle) -> Subject {
    let subject = Subject::new("raw", Role::Raw)
        .with(Workload::ThreadsSubmit, submitting::tokio_tasks(on))
        .with(
            Workload::ProcessesApply,
            lazily(|| raw::asks(|sizes| sizes.pool.applied)),
        )
        .with(Workload::Scaling, scaling::half_of_one_thread(on))
        .with(Workload::LargeResult, lazily(large::raw));
    let add =
        |subject: Subject, (workload, _)| subject.with(workload, routing::by_hand(on, workload));
    routing::POLICIES.into_iter().fold(subject, add)
}
