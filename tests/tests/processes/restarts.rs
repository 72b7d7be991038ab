//! D1, D3, D6, E3, E5, E7, E8, E10, E12 and E16: supervision of processes, alone and beside tasks and threads.

use actor_core::prelude::*;
use actor_core::{ChildBuilder, ChildState, ProcessExit, SupervisorError};
use rustix::process::Signal as Sig;
use tests::soon;
use tests::workers::{BLOCKING_RIG, RigArgs, RigMsg};

use crate::bench::{Bench, Heard, LONG, Listener, WORKER, door, freeze, signal, vanished, worker};

// D1, D3, D6, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_crashed_is_restarted_under_the_same_reference_and_name() {
    let named = |child: ChildBuilder<RigMsg>| child.name("the rig");
    let bench = Bench::with(RigArgs::Works, |worker| worker.window(1), named).await;
    let (ear, mut heard) = Listener::new(&bench.system);
    heard.watch(&ear, &bench.rig.any()).await;
    let id = bench.rig.id();
    let pid = bench.ask_pid().await;
    assert_eq!(bench.pid.current(), Some(pid));

    signal(pid, Sig::KILL);
    let next = bench.restarted(pid).await;

    assert_ne!(next, pid);
    assert_eq!(bench.pid.current(), Some(next));
    assert_eq!(bench.rig.id(), id);
    assert_eq!(bench.system.lookup::<RigMsg>("the rig").unwrap(), bench.rig);
    assert!(heard.is_quiet(), "a restart is no end");
    let children = bench.sup.which_children().await.unwrap();
    assert_eq!(children[0].restarts, 1);
    vanished(pid).await;
    bench.end().await;
    assert_eq!(heard.next().await, Heard::Down(ExitReason::Shutdown));
}

// D1: with a window of one, all but the message under way survive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_were_not_sent_yet_survive_a_crash_in_order() {
    let bench = Bench::with(RigArgs::Works, |worker| worker.window(1), |child| child).await;
    let pid = bench.ask_pid().await;
    freeze(pid).await;
    for number in 0..50 {
        bench.rig.send(RigMsg::Note(number)).await.unwrap();
    }

    signal(pid, Sig::KILL);
    bench.restarted(pid).await;

    let notes = bench.rig.ask_within(LONG, RigMsg::Notes).await.unwrap();
    let first = notes[0];
    assert!(first <= 1, "at most one was under way");
    assert!(notes.into_iter().eq(first..50));
    bench.end().await;
}

// E3, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permanent_worker_is_restarted_after_any_end() {
    let bench = Bench::new().await;
    for end in [
        RigMsg::Stop,
        RigMsg::Fail("no".into()),
        RigMsg::Exit(0),
        RigMsg::Exit(3),
    ] {
        let pid = bench.ask_pid().await;

        bench.rig.send(end).await.unwrap();

        bench.restarted(pid).await;
    }
    bench.end().await;
}

// E3, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transient_worker_is_restarted_after_a_failure_only() {
    let transient = |child: ChildBuilder<RigMsg>| child.restart(Restart::Transient);
    let bench = Bench::with(RigArgs::Works, |worker| worker, transient).await;
    let pid = bench.ask_pid().await;
    bench.rig.send(RigMsg::Panic("no".into())).await.unwrap();
    let pid = bench.restarted(pid).await;
    // Exit code 0 without the root's own end is a failure too.
    bench.rig.send(RigMsg::Exit(0)).await.unwrap();
    bench.restarted(pid).await;

    bench.rig.send(RigMsg::Stop).await.unwrap();

    assert_eq!(soon("the end", bench.rig.wait()).await, ExitReason::Normal);
    bench.end().await;
}

// E3, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_temporary_worker_is_never_restarted_and_forgotten() {
    let bench = Bench::temporary().await;

    bench.rig.send(RigMsg::Exit(3)).await.unwrap();

    let ExitReason::Process(exit) = soon("the end", bench.rig.wait()).await else {
        panic!("another end");
    };
    assert_eq!((exit.code, exit.signal), (Some(3), None));
    assert!(bench.sup.which_children().await.unwrap().is_empty());
    bench.end().await;
}

// D1, E3: a drained worker handles what is queued, and then it is up to its restart type.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drained_worker_handles_what_was_queued() {
    let transient = |child: ChildBuilder<RigMsg>| child.restart(Restart::Transient);
    let bench = Bench::with(RigArgs::Works, |worker| worker.window(4), transient).await;
    let (ear, mut heard) = Listener::new(&bench.system);
    for _ in 0..100 {
        bench
            .rig
            .send(RigMsg::SayIfYouCan(ear.clone(), 1))
            .await
            .unwrap();
    }

    bench.rig.drain();

    assert!(
        bench.rig.send(RigMsg::Note(1)).await.is_err(),
        "it takes no more"
    );
    for _ in 0..100 {
        assert_eq!(heard.next().await, Heard::Number(0));
    }
    assert_eq!(soon("the end", bench.rig.wait()).await, ExitReason::Normal);
    bench.end().await;
}

// E5, E6, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_crashes_too_often_ends_its_supervisor() {
    let system = ActorSystem::new("t");
    let node = actor_remote::Node::new(tests::workers::registry());
    let (spec, rig) = worker(&node, "rig", RigArgs::Works).child().build();
    let sup = Supervisor::builder(Strategy::OneForOne)
        .intensity(2, Duration::from_secs(3600))
        .child(spec)
        .start(&system)
        .await
        .unwrap();
    for _ in 0..3 {
        rig.send(RigMsg::Exit(1)).await.unwrap();
        // The next one may be lost with the process, so wait until it is another.
        if soon("a restart or the end", rig.ask_within(LONG, RigMsg::Pid))
            .await
            .is_err()
        {
            drop(soon("a restart or the end", rig.ask_within(LONG, RigMsg::Pid)).await);
        }
    }

    assert_eq!(soon("the end", sup.wait()).await, ExitReason::Shutdown);
    assert!(rig.is_closed());
}

// E7, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_never_starts_again_is_tried_exactly_as_often_as_the_intensity_allows() {
    let record = std::env::temp_dir().join(format!("record-{}-e7", std::process::id()));
    let switch = std::env::temp_dir().join(format!("switch-{}-e7", std::process::id()));
    let system = ActorSystem::new("t");
    let node = actor_remote::Node::new(tests::workers::registry());
    // Every start leaves a line; once the switch is there, the program exits at its start.
    let script = format!(
        "echo start >> {}; [ -e {} ] && exit 7; exec {WORKER}",
        record.display(),
        switch.display()
    );
    let (spec, rig) = node
        .worker("rig", tests::workers::RIG, RigArgs::Works)
        .unwrap()
        .binary("/bin/sh")
        .arg("-c")
        .arg(script)
        .child()
        .build();
    let sup = Supervisor::builder(Strategy::OneForOne)
        .intensity(3, Duration::from_secs(3600))
        .child(spec)
        .start(&system)
        .await
        .unwrap();
    std::fs::write(&switch, "").unwrap();

    rig.send(RigMsg::Exit(1)).await.unwrap();

    assert_eq!(soon("the end", sup.wait()).await, ExitReason::Shutdown);
    let starts = std::fs::read_to_string(&record).unwrap().lines().count();
    std::fs::remove_file(&record).unwrap();
    std::fs::remove_file(&switch).unwrap();
    assert_eq!(starts, 1 + 3, "the first start, and three that failed");
}

// E8, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_waits_before_its_restart_and_its_supervisor_answers_meanwhile() {
    let patient =
        |child: ChildBuilder<RigMsg>| child.backoff(Backoff::constant(Duration::from_secs(3600)));
    let bench = Bench::with(RigArgs::Works, |worker| worker, patient).await;
    let pid = bench.ask_pid().await;
    signal(pid, Sig::KILL);
    loop {
        let children = soon("an answer", bench.sup.which_children()).await.unwrap();
        if children[0].state == ChildState::Restarting {
            break;
        }
    }
    bench
        .rig
        .try_send(RigMsg::Note(1))
        .expect("its mailbox is open");

    soon("the end", bench.sup.terminate_child("rig"))
        .await
        .unwrap();

    soon("the end for good", bench.rig.wait()).await;
    assert!(bench.rig.try_send(RigMsg::Note(2)).is_err());
    bench.end().await;
}

// E10, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_to_be_killed_gets_sigkill_at_once() {
    let kill = |child: ChildBuilder<RigMsg>| child.shutdown(Shutdown::Kill);
    let bench = Bench::with(RigArgs::Works, |worker| worker, kill).await;
    let pid = bench.ask_pid().await;
    freeze(pid).await;

    bench.sup.terminate_child("rig").await.unwrap();

    assert_eq!(bench.rig.wait().await, ExitReason::Killed);
    vanished(pid).await;
    bench.end().await;
}

// E10, E16: the whole way: stop frame, SIGTERM, SIGKILL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_hangs_is_terminated_and_one_that_is_stopped_too_is_killed() {
    let short =
        |child: ChildBuilder<RigMsg>| child.shutdown(Shutdown::Within(Duration::from_millis(50)));
    for stopped in [false, true] {
        let bench = Bench::with(RigArgs::Works, |worker| worker, short).await;
        let pid = bench.ask_pid().await;
        let (door, mut knocks) = door(&bench.system);
        bench.rig.send(RigMsg::HangBehind(door)).await.unwrap();
        knocks.next().await.send(());
        if stopped {
            // SIGTERM waits until it is continued, so only SIGKILL helps.
            freeze(pid).await;
        }

        soon("the end", bench.sup.terminate_child("rig"))
            .await
            .unwrap();

        assert_eq!(bench.rig.wait().await, ExitReason::Killed);
        vanished(pid).await;
        bench.end().await;
    }
}

// E10: in time it is a stop like any other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_stops_in_time_ends_with_shutdown() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;

    bench.sup.terminate_child("rig").await.unwrap();

    assert_eq!(bench.rig.wait().await, ExitReason::Shutdown);
    vanished(pid).await;
    bench.end().await;
}

// E12, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_its_supervisor_terminates_is_not_restarted_and_its_name_is_free() {
    let named = |child: ChildBuilder<RigMsg>| child.name("the rig");
    let bench = Bench::with(RigArgs::Works, |worker| worker, named).await;
    let pid = bench.ask_pid().await;

    bench.sup.terminate_child("rig").await.unwrap();

    let children = bench.sup.which_children().await.unwrap();
    assert_eq!(
        (children[0].restarts, children[0].state),
        (0, ChildState::Stopped)
    );
    assert!(bench.system.lookup::<RigMsg>("the rig").is_err());
    assert!(bench.rig.send(RigMsg::Note(1)).await.is_err());
    vanished(pid).await;
    assert_eq!(bench.pid.current(), None);
    bench.end().await;
}

// E12: one that is stopped by reference follows its restart type.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permanent_worker_that_is_stopped_by_reference_is_restarted() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;

    bench.rig.stop();
    let pid = bench.restarted(pid).await;
    bench.rig.kill();
    bench.restarted(pid).await;

    bench.end().await;
}

// E11
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_is_added_to_a_running_supervisor_and_one_that_does_not_start_is_not() {
    let bench = Bench::new().await;
    let (spec, second) = worker(&bench.node, "second", RigArgs::Works)
        .child()
        .build();
    let refusal = RigArgs::FailsToStart("no way".into());
    let (third, _) = worker(&bench.node, "third", refusal).child().build();

    bench.sup.start_child(spec).await.unwrap();
    let refused = bench.sup.start_child(third).await;

    assert!(second.ask_within(LONG, RigMsg::Pid).await.is_ok());
    let reason = ExitReason::StartFailed("no way".into());
    assert_eq!(refused, Err(SupervisorError::StartFailed(reason)));
    assert_eq!(bench.sup.which_children().await.unwrap().len(), 2);
    bench.end().await;
}

/// A child of any kind that tells when it starts and stops.
struct Teller(&'static str, tokio::sync::mpsc::UnboundedSender<String>);

impl Actor for Teller {
    type Msg = ();
    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        self.1.send(format!("{} started", self.0))?;
        Ok(())
    }
    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }
    async fn stopped(&mut self, _reason: &ExitReason, _ctx: &mut Context<Self>) {
        self.1.send(format!("{} stopped", self.0)).ok();
    }
}

// E1, C6, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_threads_and_processes_start_in_order_and_stop_in_reverse_under_one_supervisor() {
    let system = ActorSystem::new("t");
    let node = actor_remote::Node::new(tests::workers::registry());
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let teller = |name: &'static str, placement| {
        let tell = tell.clone();
        let child = ChildSpec::new(name, move || Teller(name, tell.clone()));
        child.placement(placement).build().0
    };
    let process = worker(&node, "process", RigArgs::Works);
    let pid = process.pid();
    let (process, rig) = process.child().build();
    let blocking = node
        .worker("blocking", BLOCKING_RIG, RigArgs::Works)
        .unwrap();
    let blocking = blocking.binary(WORKER);
    let blocking_pid = blocking.pid();
    let (blocking, blocking_rig) = blocking.child().build();
    let sup = Supervisor::builder(Strategy::OneForOne)
        .child(teller("task", Placement::Task))
        .child(process)
        .child(teller("thread", Placement::Thread))
        .child(blocking)
        .child(teller("last", Placement::Task))
        .start(&system)
        .await
        .unwrap();
    for started in ["task started", "thread started", "last started"] {
        assert_eq!(told.recv().await.unwrap(), started);
    }
    let pids = [pid.current().unwrap(), blocking_pid.current().unwrap()];
    // The end of each process is told when those started before it still run.
    let order = tokio::spawn({
        let (rig, blocking_rig) = (rig.clone(), blocking_rig.clone());
        async move {
            let end = soon("the end", blocking_rig.wait()).await;
            assert_eq!(end, ExitReason::Shutdown);
            let is_early = rig.is_closed();
            assert_eq!(soon("the end", rig.wait()).await, ExitReason::Shutdown);
            is_early
        }
    });

    sup.stop();

    assert_eq!(soon("the end", sup.wait()).await, ExitReason::Normal);
    for stopped in ["last stopped", "thread stopped", "task stopped"] {
        assert_eq!(told.recv().await.unwrap(), stopped);
    }
    assert!(!order.await.unwrap(), "the younger one ended first");
    for pid in pids {
        vanished(pid).await;
    }
}

// E2, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_does_not_start_at_the_beginning_stops_those_before_it() {
    let system = ActorSystem::new("t");
    let node = actor_remote::Node::new(tests::workers::registry());
    let first = worker(&node, "first", RigArgs::Works);
    let (first, rig) = first.child().build();
    let (second, _) = worker(&node, "second", RigArgs::ExitsAtStart(5))
        .child()
        .build();

    let started = Supervisor::builder(Strategy::OneForOne)
        .child(first)
        .child(second)
        .start(&system)
        .await;

    let Err(actor_core::StartError::Child {
        id,
        reason: ExitReason::StartFailed(text),
    }) = started
    else {
        panic!("{started:?}");
    };
    assert_eq!(id, "second");
    assert!(text.contains("exited with code 5"), "{text}");
    assert!(!soon("the end", rig.wait()).await.is_failure());
}

// C9, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_start_hangs_is_given_up_in_time() {
    let system = ActorSystem::new("t");
    let node = actor_remote::Node::new(tests::workers::registry());
    let hanging = worker(&node, "rig", RigArgs::HangsAtStart);
    let (spec, rig) = hanging
        .child()
        .start_timeout(Duration::from_millis(500))
        .build();

    let started = Supervisor::builder(Strategy::OneForOne)
        .child(spec)
        .start(&system)
        .await;

    let Err(actor_core::StartError::Child { reason, .. }) = started else {
        panic!("{started:?}");
    };
    assert_eq!(reason, ExitReason::StartTimeout);
    assert!(rig.is_closed());
}

// R2, E16: the same exit reason reaches monitors.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_of_a_worker_hears_its_end_for_good_once() {
    let bench = Bench::temporary().await;
    let (ear, mut heard) = Listener::new(&bench.system);
    heard.watch(&ear, &bench.rig.any()).await;
    let pid = bench.ask_pid().await;

    signal(pid, Sig::KILL);

    let Heard::Down(ExitReason::Process(exit)) = heard.next().await else {
        panic!("another end");
    };
    let signal = Some(9);
    assert_eq!(
        exit,
        ProcessExit {
            code: None,
            signal,
            stderr: String::new()
        }
    );
    bench.end().await;
    assert!(heard.is_quiet());
}
