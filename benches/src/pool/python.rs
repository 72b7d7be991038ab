//! Python's standard library as a peer: `peer.py`, run by the `python3` that is found, one process per workload. It is told how many
//! jobs make a round, round by round, and measures itself.

use std::{
    io::{self, BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use super::{PoolSizes, kept::lazily};
use crate::{
    harness::{Role, Run, Subject},
    workload::Workload,
};

const SCRIPT: &str = include_str!("peer.py");

type Count = fn(&PoolSizes) -> u64;

const WORKLOADS: [(Workload, Count); 5] = [
    (Workload::ThreadsSubmit, |sizes| sizes.python_closures),
    (Workload::ProcessesSubmit, |sizes| sizes.python_submitted),
    (Workload::ProcessesMap, |sizes| sizes.python_mapped),
    (Workload::ProcessesApply, |sizes| sizes.python_applied),
    (Workload::ProcessStart, |sizes| sizes.starts as u64),
];

/// What `python3` says of itself, if it is there.
fn version() -> Option<&'static str> {
    static VERSION: OnceLock<Option<String>> = OnceLock::new();
    let version = VERSION.get_or_init(|| {
        let output = Command::new("python3").arg("--version").output().ok()?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(version)
    });
    version.as_deref()
}

/// One line of the head of the report.
pub(crate) fn in_words() -> String {
    match version() {
        Some(version) => format!("python is {version}\n"),
        None => {
            "there is no python3: its figures, and the bars over them, are not measured\n".into()
        }
    }
}

/// The subject, if there is a `python3`.
pub(super) fn subject() -> Option<Subject> {
    version()?;
    let add = |subject: Subject, (workload, count)| subject.with(workload, run(workload, count));
    let none = Subject::new("python", Role::Python);
    Some(WORKLOADS.into_iter().fold(none, add))
}

fn run(workload: Workload, count: Count) -> Run {
    lazily(move || {
        let mut peer = Peer::start(&workload.name()).expect("python3 starts");
        Box::new(move |sizes| {
            let figure = peer.round(count(&sizes.pool));
            figure.expect("the script answers with a figure").into()
        })
    })
}

/// A running script; it ends with its standard input.
struct Peer {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Peer {
    fn start(workload: &str) -> io::Result<Self> {
        let mut child = Command::new("python3")
            .args(["-c", SCRIPT, workload])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let to = child.stdin.take();
        let from = child.stdout.take().expect("it is a pipe");
        Ok(Peer {
            child,
            to,
            from: BufReader::new(from),
        })
    }

    fn round(&mut self, jobs: u64) -> io::Result<f64> {
        let to = self.to.as_mut().expect("it is there until the end");
        writeln!(to, "{jobs}")?;
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        line.trim().parse().map_err(io::Error::other)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.to = None;
        let _ = self.child.wait();
    }
}
