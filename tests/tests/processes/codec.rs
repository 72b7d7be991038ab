//! R6, and the ground of P10: what cannot be encoded, decoded or carried is an error of that message only.

use actor_core::DeadLetterReason;
use actor_core::prelude::*;
use actor_remote::WorkerBuilder;
use tests::workers::{RigArgs, RigMsg, Undecodable, Unencodable};

use crate::bench::{Bench, Heard, LONG, Listener, letters};

/// The failure of an ask, as text.
#[track_caller]
fn failure<T: std::fmt::Debug>(answer: Result<T, AskError>) -> String {
    match answer {
        Err(AskError::Failed {
            reason: ExitReason::Failed(text),
        }) => text,
        other => panic!("{other:?}"),
    }
}

/// A rig whose link carries a mebibyte at most.
async fn narrow() -> Bench {
    let narrow = |worker: WorkerBuilder<RigMsg>| worker.max_message(1 << 20);
    Bench::with(RigArgs::Works, narrow, |child| child).await
}

/// The link stands: the same process answers.
async fn still(bench: &Bench, pid: u32) {
    assert_eq!(bench.ask_pid().await, pid);
    bench.end().await;
}

// R6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_encoded_is_a_dead_letter_and_its_asks_fail() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;
    let mut office = bench.system.dead_letters();

    let answer = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::Stubborn(Unencodable, reply))
        .await;

    assert!(failure(answer).contains("the message could not be sent"));
    let letters = letters(&mut office);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].target, bench.rig.id());
    assert!(matches!(
        letters[0].reason,
        DeadLetterReason::Undecodable(_)
    ));
    still(&bench, pid).await;
}

// R6, C4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_the_code_that_encodes_or_decodes_harms_that_message_only() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;

    let here = bench
        .rig
        .ask_within(LONG, |reply| {
            RigMsg::Explosive(tests::workers::Explosive::Here, reply)
        })
        .await;
    let there = bench
        .rig
        .ask_within(LONG, |reply| {
            RigMsg::Explosive(tests::workers::Explosive::There, reply)
        })
        .await;

    assert!(failure(here).contains("explodes here"));
    failure(there);
    still(&bench, pid).await;
}

// R6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_decoded_is_a_dead_letter_there_and_its_asks_fail() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;

    // The reply stands behind what cannot be decoded, so the other side never gets to see it.
    for _ in 0..200 {
        let answer = bench
            .rig
            .ask_within(LONG, |reply| RigMsg::Poison(Undecodable, reply))
            .await;
        assert!(failure(answer).contains("could not decode"));
    }
    // And one that stands before it.
    let answer = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::LatePoison(reply, Undecodable))
        .await;

    assert!(failure(answer).contains("could not be decoded"));
    still(&bench, pid).await;
}

// R6, P10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_cannot_be_encoded_fails_its_ask() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;

    let answer = bench.rig.ask_within(LONG, RigMsg::AnswerBadly).await;

    assert!(failure(answer).contains("the answer could not be sent"));
    still(&bench, pid).await;
}

// R6, P10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_cannot_be_decoded_fails_its_ask() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;

    let answer = bench.rig.ask_within(LONG, RigMsg::AnswerUndecodably).await;

    assert!(failure(answer).contains("the answer could not be decoded"));
    still(&bench, pid).await;
}

// R4, R6, P10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_too_large_is_a_dead_letter_and_one_below_the_limit_arrives() {
    let bench = narrow().await;
    let pid = bench.ask_pid().await;
    let mut office = bench.system.dead_letters();

    bench
        .rig
        .send(RigMsg::Take(vec![1; 2 << 20]))
        .await
        .unwrap();
    let asked = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::TakeAsked(vec![1; 2 << 20], reply))
        .await;
    bench
        .rig
        .send(RigMsg::Take(vec![1; 1_000_000]))
        .await
        .unwrap();

    assert!(failure(asked).contains("over the limit"));
    assert_eq!(
        bench.rig.ask_within(LONG, RigMsg::Total).await,
        Ok(1_000_000)
    );
    let letters = letters(&mut office);
    assert_eq!(letters.len(), 2);
    for letter in letters {
        let DeadLetterReason::Undecodable(why) = letter.reason else {
            panic!("{:?}", letter.reason);
        };
        assert!(why.contains("over the limit of 1048576"), "{why}");
        assert!(why.contains("max_message"), "it says what to do: {why}");
    }
    still(&bench, pid).await;
}

// R6, P10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_too_large_fails_its_ask() {
    let bench = narrow().await;
    let pid = bench.ask_pid().await;

    let large = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::Bytes(2 << 20, reply))
        .await;
    let small = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::Bytes(1_000_000, reply))
        .await;

    // The worker keeps to the limit that its parent has set.
    let why = failure(large.map(|bytes| bytes.len()));
    assert!(why.contains("over the limit of 1048576"), "{why}");
    assert_eq!(small.map(|bytes| bytes.len()), Ok(1_000_000));
    still(&bench, pid).await;
}

// R6: the error says what to do about it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_whose_message_type_has_no_name_cannot_travel() {
    struct Mute;
    impl Actor for Mute {
        type Msg = tests::workers::Nameless;
        async fn handle(&mut self, _: Self::Msg, _ctx: &mut Context<Self>) -> ActorResult {
            Ok(())
        }
    }
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;

    let there = bench.rig.ask_within(LONG, RigMsg::LendNameless).await;
    let mute = bench.system.spawn(Mute);
    let here = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::TakeNameless(mute, reply))
        .await;

    for text in [failure(there.map(|_| ())), failure(here)] {
        assert!(text.contains(".message::<"), "{text}");
        assert!(text.contains("Nameless"), "{text}");
    }
    still(&bench, pid).await;
}

// R6: what a failed encoding had exported is let go of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_in_a_message_that_could_not_be_sent_keeps_nobody_alive() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;
    let (ear, mut heard) = Listener::new(&bench.system);

    let answer = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::HoldAndFail(ear, Unencodable, reply))
        .await;

    failure(answer);
    assert_eq!(heard.next().await, Heard::Stopped);
    still(&bench, pid).await;
}

// R6: nor does one that could not be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_in_a_message_that_could_not_be_read_keeps_nobody_alive() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;
    let (ear, mut heard) = Listener::new(&bench.system);

    let answer = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::HoldAndSpoil(ear, Undecodable, reply))
        .await;

    failure(answer);
    assert_eq!(heard.next().await, Heard::Stopped);
    still(&bench, pid).await;
}
