//! R2: how a worker's end is reported.

use actor_core::ProcessExit;
use actor_core::prelude::*;
use rustix::process::Signal as Sig;
use tests::soon;
use tests::workers::RigMsg;

use crate::bench::{Bench, freeze, signal, vanished};

/// The end of a worker that is told this.
async fn end_after(message: RigMsg) -> ExitReason {
    let bench = Bench::temporary().await;
    let pid = bench.ask_pid().await;
    bench.rig.send(message).await.unwrap();
    let reason = soon("the end", bench.rig.wait()).await;
    vanished(pid).await;
    bench.end().await;
    reason
}

async fn exit_after(message: RigMsg) -> ProcessExit {
    match end_after(message).await {
        ExitReason::Process(exit) => exit,
        other => panic!("{other:?}"),
    }
}

// R2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exit_code_is_reported() {
    let exit = exit_after(RigMsg::Exit(3)).await;
    assert_eq!((exit.code, exit.signal), (Some(3), None));

    // Also 0: the root did not end by itself.
    let exit = exit_after(RigMsg::Exit(0)).await;
    assert_eq!((exit.code, exit.signal), (Some(0), None));
}

// R2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_is_reported_as_its_signal() {
    let exit = exit_after(RigMsg::Abort).await;

    assert_eq!((exit.code, exit.signal), (None, Some(6)));
}

// R2, P4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_words_of_a_worker_that_dies_of_a_panic_are_reported() {
    let exit = exit_after(RigMsg::Scream("the sky falls".into())).await;

    assert_eq!((exit.code, exit.signal), (Some(101), None));
    assert!(exit.stderr.contains("the sky falls"), "{}", exit.stderr);
    assert!(exit.stderr.contains("panicked at"), "{}", exit.stderr);
}

// C4, C11: what the root's own failure is, is the reason; not that its process left in good order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_the_root_is_the_end_of_its_process() {
    assert_eq!(end_after(RigMsg::Stop).await, ExitReason::Normal);
    assert_eq!(
        end_after(RigMsg::Fail("no luck".into())).await,
        ExitReason::Failed("no luck".into())
    );
    let panicked = end_after(RigMsg::Panic("no nerve".into())).await;
    let ExitReason::Panicked {
        text,
        location: Some(_),
    } = panicked
    else {
        panic!("{panicked:?}");
    };
    assert_eq!(text, "no nerve");
}

// R2: also one that is stopped, or deaf.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_is_reported_once_with_its_number() {
    for frozen in [false, true] {
        let bench = Bench::temporary().await;
        let pid = bench.ask_pid().await;
        if frozen {
            freeze(pid).await;
        }

        signal(pid, Sig::KILL);

        let ExitReason::Process(exit) = soon("the end", bench.rig.wait()).await else {
            panic!("{:?}", bench.rig.wait().await);
        };
        assert_eq!((exit.code, exit.signal), (None, Some(9)));
        vanished(pid).await;
        bench.end().await;
    }
}

// R2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_is_counted_as_one_restart() {
    let bench = Bench::new().await;
    for crashes in 1..=5 {
        let pid = bench.ask_pid().await;
        signal(pid, Sig::KILL);
        bench.restarted(pid).await;

        let children = bench.sup.which_children().await.unwrap();
        assert_eq!(children[0].restarts, crashes);
    }
    bench.end().await;
}

// R2, C8: the system's own end leaves no process behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shutdown_of_a_system_ends_its_workers() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;

    let report = bench.system.shutdown(Duration::from_secs(30)).await;

    assert!(report.is_clean(), "{report:?}");
    assert_eq!(bench.rig.wait().await, ExitReason::Shutdown);
    vanished(pid).await;
}

// R2, C10
#[test]
fn the_end_of_the_runtime_ends_its_workers() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let (pid, rig) = first.block_on(async {
        let bench = Bench::new().await;
        (bench.ask_pid().await, bench.rig.clone())
    });

    drop(first);

    runtime().block_on(vanished(pid));
    assert!(rig.try_send(RigMsg::Note(1)).is_err(), "it is closed");
}

// R2, F1: the recipient gets what the window carried; the rest is lost with the worker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_worker_is_told_though_a_recipient_of_its_messages_is_stuck() {
    struct Stuck;
    impl Actor for Stuck {
        type Msg = u64;
        async fn handle(&mut self, _: u64, _ctx: &mut Context<Self>) -> ActorResult {
            std::future::pending().await
        }
    }
    let bench = Bench::temporary().await;
    let stuck = bench.system.spawn(Stuck);
    let message = RigMsg::SayAllAndStop(stuck.clone(), 200);
    bench.rig.send(message).await.unwrap();

    let reason = soon("the end", bench.rig.wait()).await;

    assert_eq!(reason, ExitReason::Normal);
    assert!(stuck.len() < 200);
    bench.end().await;
}
