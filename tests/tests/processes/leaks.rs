//! Nothing is left behind: descriptors, threads, tasks, actors. In a process of its own, since others would be counted too.

use std::process::Command;

use actor_core::prelude::*;
use rustix::process::Signal as Sig;
use tests::soon;
use tests::workers::RigMsg;

use crate::bench::{Bench, LONG, Listener, signal};

const ALONE: &str = "PROCESSES_TEST_ALONE";

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Waits until something is as it was; what ends by itself may need a moment.
async fn settles(what: &str, mut is_so: impl FnMut() -> bool) {
    let settled = async {
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        while !is_so() {
            tick.tick().await;
        }
    };
    soon(what, settled).await;
}

/// Runs one test of this program in a process of its own.
fn alone(test: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{complained}");
    assert!(told.contains("1 passed"), "{told}");
}

fn is_alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

async fn crash_often() {
    let bench = Bench::new().await;
    let (ear, _heard) = Listener::new(&bench.system);
    let mut pid = bench.ask_pid().await;
    let mut before = None;
    for round in 0..50 {
        // References in both directions, and an ask that is never answered, so that there is something to leave behind.
        bench.rig.send(RigMsg::Hold(ear.clone())).await.unwrap();
        let lent = bench.rig.ask_within(LONG, RigMsg::Lend).await.unwrap();
        let kept = bench.rig.ask_within(LONG, RigMsg::Keep);
        let kept = tokio::time::timeout(Duration::from_millis(1), kept);
        assert!(kept.await.is_err());
        signal(pid, Sig::KILL);
        pid = bench.restarted(pid).await;
        assert_eq!(soon("the end", lent.wait()).await, ExitReason::NoConnection);
        drop(lent);
        // The first rounds start threads that stay: the spawner's, and those of the runtime.
        if round == 5 {
            before = Some(resources(&bench));
        }
    }

    let (descriptors, threads_before, tasks, actors) = before.unwrap();
    settles("the end of what the workers used", || {
        let now = resources(&bench);
        now.0 <= descriptors && now.1 <= threads_before && now.2 <= tasks && now.3 <= actors
    })
    .await;
    bench.end().await;
}

fn resources(bench: &Bench) -> (usize, usize, usize, usize) {
    let tasks = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    (
        open_descriptors(),
        threads(),
        tasks,
        bench.system.live_actors(),
    )
}

// R2, R3
#[test]
fn fifty_restarts_leave_no_descriptor_thread_task_or_actor_behind() {
    if !is_alone() {
        return alone("leaks::fifty_restarts_leave_no_descriptor_thread_task_or_actor_behind");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(crash_often());
}

async fn end_all() {
    let before = (
        open_descriptors(),
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks(),
    );
    let bench = Bench::new().await;
    bench.ask_pid().await;
    bench.end().await;
    bench.system.shutdown(Duration::from_secs(10)).await;
    drop(bench);

    settles("the end of everything", || {
        let tasks = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        open_descriptors() <= before.0 + 1 && tasks <= before.1
    })
    .await;
}

// R2, C8
#[test]
fn a_system_that_has_ended_leaves_no_descriptor_or_task_behind() {
    if !is_alone() {
        return alone("leaks::a_system_that_has_ended_leaves_no_descriptor_or_task_behind");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(end_all());
}

// R3, B4: what was given up on does not pile up in the link.
#[test]
fn asks_that_are_given_up_and_references_that_are_let_go_of_cost_no_memory() {
    if !is_alone() {
        return alone(
            "leaks::asks_that_are_given_up_and_references_that_are_let_go_of_cost_no_memory",
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let bench = Bench::new().await;
        let pid = bench.ask_pid().await;
        let (ear, mut heard) = Listener::new(&bench.system);
        let mut before = (0, 0);
        for round in 0..20 {
            for _ in 0..500 {
                // The only reference that the worker has, let go of again.
                bench
                    .rig
                    .send(RigMsg::SayIfYouCan(ear.clone(), 1))
                    .await
                    .unwrap();
                heard.next().await;
                let asked = bench.rig.ask_within(LONG, RigMsg::Keep);
                tokio::select! { biased;
                    _ = asked => panic!("nobody answers"),
                    () = tokio::task::yield_now() => {}
                }
            }
            bench.rig.send(RigMsg::AnswerKept(1)).await.unwrap();
            bench.ask_pid().await;
            if round == 4 {
                before = (resident("self"), resident(&pid.to_string()));
            }
        }

        let after = (resident("self"), resident(&pid.to_string()));
        // A leak of a hundred bytes per round trip would be 750 KiB here.
        let grown = (
            after.0.saturating_sub(before.0),
            after.1.saturating_sub(before.1),
        );
        assert!(grown.0 < 700 && grown.1 < 700, "{before:?} {after:?} KiB");
        bench.end().await;
    });
}

/// Resident memory, in KiB.
fn resident(pid: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
