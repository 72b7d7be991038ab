//! This process and a worker process on the same machine.

pub(crate) mod ours;
pub(crate) mod raw;

use tokio::runtime::Runtime;

use crate::harness::Subject;

pub(crate) use raw::run_child as raw_child;

/// All subjects that there are, in the order of the table.
pub(crate) fn subjects(runtime: &Runtime) -> Vec<Subject> {
    vec![
        ours::subject(runtime),
        ours::subject_with_default_window(runtime),
        raw::subject(),
    ]
}
