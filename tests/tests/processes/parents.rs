//! R2: workers end with their parent, whatever state they are in.

use std::process::Stdio;

use rustix::process::Signal as Sig;
use tests::soon;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::bench::{WORKER, signal, vanished};

/// Starts a program that is an ordinary parent, and returns it with the pid of its worker.
async fn parent(state: &str) -> (tokio::process::Child, u32) {
    let mut parent = tokio::process::Command::new(WORKER)
        .args(["parent", state])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let line = soon("the pid of the worker", lines.next_line()).await;
    let pid = line.unwrap().expect("the parent started its worker");
    (parent, pid.parse().unwrap())
}

/// Waits until a process that is not a child of this one has stopped.
async fn freeze_stranger(pid: u32) {
    signal(pid, Sig::STOP);
    let stopped = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(5));
        loop {
            tick.tick().await;
            let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            let state = status.rsplit(')').next().unwrap().trim_start().to_owned();
            if state.starts_with('T') {
                return;
            }
        }
    };
    soon("the stop of a process", stopped).await;
}

async fn worker_ends_with_its_parent(state: &str, frozen: bool) {
    let (mut parent, worker) = parent(state).await;
    if frozen {
        freeze_stranger(worker).await;
    }

    parent.start_kill().unwrap();
    parent.wait().await.unwrap();

    // Whoever inherits it reaps it.
    gone_or_reaped(worker).await;
}

/// Completes when a process that is a stranger's by now has ended. Who reaps it is not our business.
async fn gone_or_reaped(pid: u32) {
    let has_ended = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(5));
        loop {
            tick.tick().await;
            match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
                Err(_) => return,
                Ok(status) => {
                    let state = status.rsplit(')').next().unwrap().trim_start().to_owned();
                    if state.starts_with('Z') || state.starts_with('X') {
                        return;
                    }
                }
            }
        }
    };
    soon("the end of the worker", has_ended).await;
}

// R2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_ends_with_its_parent() {
    worker_ends_with_its_parent("idle", false).await;
}

// R2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_worker_ends_with_its_parent() {
    worker_ends_with_its_parent("idle", true).await;
}

// R2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_runtime_is_blocked_ends_with_its_parent() {
    worker_ends_with_its_parent("hung", false).await;
}

// R2: one that is asked to end in good order takes its worker along.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_ends_with_a_parent_that_is_terminated() {
    let (mut parent, worker) = parent("idle").await;

    signal(parent.id().unwrap(), Sig::TERM);
    parent.wait().await.unwrap();

    gone_or_reaped(worker).await;
}

// R2: the parent itself leaves nobody behind that is not reaped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_worker_becomes_a_zombie() {
    let bench = crate::bench::Bench::new().await;
    let mut pid = bench.ask_pid().await;
    let mut pids = vec![pid];
    for _ in 0..5 {
        signal(pid, Sig::KILL);
        pid = bench.restarted(pid).await;
        pids.push(pid);
    }

    bench.end().await;

    for pid in pids {
        vanished(pid).await;
    }
}
