//! B1–B6 between processes: every way in which an ask resolves.

use actor_core::ProcessExit;
use actor_core::prelude::*;
use rustix::process::Signal as Sig;
use tests::workers::RigMsg;
use tests::{poll_once, soon};

use crate::bench::{Bench, Heard, LONG, Listener, ask_aside, freeze, signal};

// B2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ask_to_a_worker_is_answered() {
    let bench = Bench::new().await;

    let answer = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::Echo(7, reply))
        .await;

    assert_eq!(answer, Ok(7));
    bench.end().await;
}

// B2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_a_worker_drops_is_told_at_once() {
    let bench = Bench::new().await;

    let answer = bench.rig.ask_within(LONG, RigMsg::Drop).await;

    assert_eq!(answer, Err(AskError::NoReply));
    assert!(answer.unwrap_err().may_have_run());
    bench.end().await;
}

// B2, B3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ask_in_the_hands_of_a_failing_handler_of_a_worker_is_failed() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;

    let failed = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::FailAsked("no luck".into(), reply))
        .await;
    let reason = ExitReason::Failed("no luck".into());
    assert_eq!(failed, Err(AskError::Failed { reason }));
    bench.restarted(pid).await;

    let panicked = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::PanicAsked("no nerve".into(), reply))
        .await
        .unwrap_err();
    let AskError::Failed {
        reason: ExitReason::Panicked { text, location },
    } = &panicked
    else {
        panic!("{panicked:?}");
    };
    assert_eq!(text, "no nerve");
    assert!(
        location
            .as_ref()
            .is_some_and(|at| at.contains("workers/rig.rs")),
        "{location:?}"
    );
    assert!(panicked.may_have_run());
    bench.end().await;
}

// B2, B3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ask_that_a_stopped_worker_kept_is_stopped_and_has_begun() {
    let bench = Bench::temporary().await;

    let answer = bench
        .rig
        .ask_within(LONG, RigMsg::StopAsked)
        .await
        .unwrap_err();

    let reason = ExitReason::Normal;
    assert_eq!(
        answer,
        AskError::Stopped {
            reason,
            begun: true
        }
    );
    assert!(answer.may_have_run());
    bench.end().await;
}

// B2, B3, D5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ask_that_was_queued_in_a_stopped_worker_is_stopped_and_has_not_begun() {
    let bench = Bench::temporary().await;
    bench.rig.send(RigMsg::StopBeforeNext).await.unwrap();

    let asked = bench.rig.ask_within(LONG, RigMsg::Total);

    let answer = soon("the answer", asked).await.unwrap_err();
    let reason = ExitReason::Normal;
    assert_eq!(
        answer,
        AskError::Stopped {
            reason,
            begun: false
        }
    );
    assert!(!answer.may_have_run());
    bench.end().await;
}

// B2, B4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deadline_of_an_ask_travels_as_remaining_time() {
    let bench = Bench::new().await;
    let (ear, mut heard) = Listener::new(&bench.system);
    let after = Duration::from_millis(200);
    let begun = std::time::Instant::now();

    let answer = bench.rig.ask_within(after, RigMsg::Keep).await;

    assert!(begun.elapsed() >= after, "never early");
    assert_eq!(
        answer,
        Err(AskError::Timeout {
            accepted: true,
            after
        })
    );
    assert!(answer.unwrap_err().may_have_run());
    bench.rig.send(RigMsg::IsClosed(ear)).await.unwrap();
    assert_eq!(heard.next().await, Heard::Number(1), "the callee sees it");
    bench.end().await;
}

// B4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_asker_that_goes_away_is_seen_by_the_worker() {
    let bench = Bench::new().await;
    let (ear, mut heard) = Listener::new(&bench.system);
    let mut asked = Box::pin(bench.rig.ask_within(LONG, RigMsg::Keep));
    assert!(poll_once(&mut asked).is_none());
    bench.rig.send(RigMsg::IsClosed(ear)).await.unwrap();

    drop(asked);

    assert_eq!(heard.next().await, Heard::Number(1));
    bench.end().await;
}

// B1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_answer_of_a_worker_is_dropped_silently() {
    let bench = Bench::new().await;
    let mut office = bench.system.dead_letters();
    let answer = bench
        .rig
        .ask_within(Duration::from_millis(50), RigMsg::Keep)
        .await;
    assert!(matches!(answer, Err(AskError::Timeout { .. })));

    bench.rig.send(RigMsg::AnswerKept(5)).await.unwrap();

    assert_eq!(
        bench
            .rig
            .ask_within(LONG, |reply| RigMsg::Echo(6, reply))
            .await,
        Ok(6)
    );
    assert!(crate::bench::letters(&mut office).is_empty());
    bench.end().await;
}

// B6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_may_answer_later() {
    let bench = Bench::new().await;
    let asked = ask_aside(&bench.rig, RigMsg::Keep);
    loop {
        // Until it has kept it: then there is somebody to answer.
        bench.rig.send(RigMsg::AnswerKept(5)).await.unwrap();
        bench.ask_pid().await;
        if asked.is_finished() {
            break;
        }
    }

    assert_eq!(asked.await.unwrap(), Ok(5));
    bench.end().await;
}

// B2, B3, R1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ask_in_the_hands_of_a_killed_worker_is_disconnected_at_once() {
    let bench = Bench::temporary().await;

    let asked = ask_aside(&bench.rig, |reply| {
        RigMsg::DieAsked(Sig::KILL.as_raw(), reply)
    });
    let answer = soon("the answer", asked).await.unwrap().unwrap_err();

    assert_eq!(answer, AskError::Disconnected { may_have_run: true });
    assert!(answer.may_have_run());
    let ExitReason::Process(ProcessExit {
        code: None,
        signal: Some(9),
        ..
    }) = bench.rig.wait().await
    else {
        panic!("{}", bench.rig.wait().await);
    };
    assert!(matches!(
        bench.rig.ask(RigMsg::Total).await,
        Err(AskError::Closed)
    ));
    bench.end().await;
}

// B2, R1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_pending_ask_of_a_lost_worker_resolves() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;
    freeze(pid).await;
    // More than the window: some have left, some are queued and reach the next process.
    let asked: Vec<_> = (0..100)
        .map(|number| ask_aside(&bench.rig, move |reply| RigMsg::Echo(number, reply)))
        .collect();
    while bench.rig.len() < 100 {
        tokio::task::yield_now().await;
    }

    signal(pid, Sig::KILL);

    let mut disconnected = 0;
    for asked in asked {
        match soon("an answer", asked).await.unwrap() {
            Ok(_) => {}
            Err(AskError::Disconnected { may_have_run: true }) => disconnected += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(disconnected <= 64, "{disconnected}");
    bench.end().await;
}

// B2, B6: an answer that is given by a third process, through the one in the middle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_travels_on_to_another_worker_and_is_answered_there() {
    struct Relay(ActorRef<RigMsg>);
    impl Actor for Relay {
        type Msg = Reply<u32>;
        async fn handle(&mut self, reply: Reply<u32>, _ctx: &mut Context<Self>) -> ActorResult {
            self.0.send(RigMsg::Pid(reply)).await?;
            Ok(())
        }
    }
    let bench = Bench::new().await;
    let relay = bench.system.spawn(Relay(bench.rig.clone()));

    let answer = relay.ask_within(LONG, |reply| reply).await;

    assert_eq!(answer, Ok(bench.ask_pid().await));
    bench.end().await;
}
