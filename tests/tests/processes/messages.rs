//! A1–A6 and R3 between processes.

use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use actor_core::prelude::*;
use actor_core::{DeadLetterReason, TrySendError};
use rustix::process::Signal as Sig;
use tests::soon;
use tests::workers::{RigArgs, RigMsg};

use crate::bench::{Bench, LONG, ask_aside, door, freeze, letters, signal, vanished};

// A1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_one_sender_keep_their_order_over_a_link_when_it_mixes_send_and_try_send() {
    let bench = Bench::with(
        RigArgs::Works,
        |worker| worker.window(8),
        |child| child.mailbox(Mailbox::bounded(16)),
    )
    .await;

    for number in 0..5_000 {
        if number % 3 == 0 {
            match bench.rig.try_send(RigMsg::Note(number)) {
                Ok(()) => {}
                Err(full) => bench.rig.send(full.into_message()).await.unwrap(),
            }
        } else {
            bench.rig.send(RigMsg::Note(number)).await.unwrap();
        }
    }

    let notes = bench.rig.ask_within(LONG, RigMsg::Notes).await.unwrap();
    assert!(notes.into_iter().eq(0..5_000));
    bench.end().await;
}

// A1, A6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn senders_that_wait_for_a_worker_are_served_in_order_of_arrival() {
    let bench = Bench::with(
        RigArgs::Works,
        |worker| worker.window(1),
        |child| child.mailbox(Mailbox::bounded(1)),
    )
    .await;
    let (door, mut knocks) = door(&bench.system);
    bench.rig.send(RigMsg::Knock(door)).await.unwrap();
    let knock = knocks.next().await;
    let mut accepted = 0;
    while bench.rig.try_send(RigMsg::Note(accepted)).is_ok() {
        accepted += 1;
    }
    let mut waiting = Vec::new();
    for number in accepted..accepted + 50 {
        let mut sending = Box::pin(bench.rig.send(RigMsg::Note(number)));
        let at_once = poll_fn(|cx| Poll::Ready(sending.as_mut().poll(cx).is_ready())).await;
        assert!(!at_once, "there is no room");
        waiting.push(sending);
    }

    knock.send(());
    for sending in waiting {
        soon("room", sending).await.unwrap();
    }

    let notes = bench.rig.ask_within(LONG, RigMsg::Notes).await.unwrap();
    assert!(notes.into_iter().eq(0..accepted + 50));
    bench.end().await;
}

// A3, A4, A6, R3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn senders_to_a_stopped_worker_wait_within_the_bound_and_it_is_not_taken_for_dead() {
    let (window, capacity) = (4, 10);
    let bench = Bench::with(
        RigArgs::Works,
        |worker| worker.window(window),
        |child| child.mailbox(Mailbox::bounded(capacity)),
    )
    .await;
    let pid = bench.ask_pid().await;
    freeze(pid).await;

    let mut accepted = 0;
    let given_back = loop {
        match bench.rig.try_send(RigMsg::Note(accepted)) {
            Ok(()) => accepted += 1,
            // That the last ask has begun may be on its way still.
            Err(TrySendError::Full(_)) if accepted < capacity as u64 => {
                tokio::task::yield_now().await;
            }
            Err(TrySendError::Full(message)) => break message.into_inner(),
            Err(closed) => panic!("{closed}"),
        }
    };
    let RigMsg::Note(number) = given_back else {
        panic!("another message came back");
    };
    assert_eq!(number, accepted, "the message comes back");
    assert_eq!(accepted, capacity as u64, "what is under way counts");
    assert_eq!(bench.rig.len(), capacity);
    {
        let mut sending = pin!(bench.rig.send(RigMsg::Note(99)));
        assert!(poll_fn(|cx| Poll::Ready(sending.as_mut().poll(cx).is_pending())).await);
        // Dropped before it completes: it has not sent.
    }
    // Longer than any grace that a lost worker would be given.
    let unanswered = bench.rig.ask_within(Duration::from_secs(1), RigMsg::Total);
    assert!(matches!(
        unanswered.await,
        Err(AskError::Timeout {
            accepted: false,
            ..
        })
    ));
    signal(pid, Sig::CONT);

    let notes = bench.rig.ask_within(LONG, RigMsg::Notes).await.unwrap();
    assert!(notes.into_iter().eq(0..accepted));
    assert_eq!(bench.ask_pid().await, pid, "the same process");
    bench.end().await;
}

// A2, D1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_to_a_worker_that_is_killed_again_and_again_is_accounted_for_once() {
    const WINDOW: u32 = 16;
    const KILLS: u64 = 5;
    let record = std::env::temp_dir().join(format!("record-{}-a2", std::process::id()));
    let path = record.to_str().unwrap().to_owned();
    let bench = Bench::with(
        RigArgs::Records(path.clone()),
        |worker| worker.window(WINDOW),
        |child| child.mailbox(Mailbox::bounded(64)),
    )
    .await;
    let mut office = bench.system.dead_letters();

    let (rig, stop) = (
        bench.rig.clone(),
        std::sync::Arc::new(tokio::sync::Notify::new()),
    );
    let stopped = std::sync::Arc::clone(&stop);
    let flood = tokio::spawn(async move {
        let mut accepted = 0u64;
        let mut stopped = pin!(stopped.notified());
        loop {
            tokio::select! { biased;
                () = &mut stopped => return accepted,
                sent = rig.send(RigMsg::Note(accepted)) => sent.unwrap(),
            }
            accepted += 1;
        }
    });
    let mut pid = bench.ask_pid().await;
    for _ in 0..KILLS {
        signal(pid, Sig::KILL);
        pid = bench.restarted(pid).await;
    }
    stop.notify_one();
    let accepted = soon("the end of the flood", flood).await.unwrap();
    // Everything that is still queued is handled before this.
    bench.rig.ask_within(LONG, RigMsg::Total).await.unwrap();

    let lost = letters(&mut office);
    for letter in &lost {
        let reason = DeadLetterReason::Lost {
            maybe_handled: true,
        };
        assert_eq!(letter.reason, reason);
    }
    let recorded = std::fs::read_to_string(&record).unwrap();
    std::fs::remove_file(&record).unwrap();
    let handled: Vec<u64> = recorded
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect();
    let distinct: HashSet<u64> = handled.iter().copied().collect();
    assert_eq!(distinct.len(), handled.len(), "nothing is handled twice");
    assert!(handled.is_sorted(), "and nothing out of order");
    assert!(handled.iter().all(|number| *number < accepted));
    let unhandled = accepted - handled.len() as u64;
    assert!(
        unhandled <= lost.len() as u64,
        "what was not handled is a dead letter: {unhandled} of {}",
        lost.len()
    );
    assert!(
        lost.len() as u64 <= KILLS * u64::from(WINDOW),
        "only what was under way is lost"
    );
    bench.end().await;
}

// A2, D1: with what was known to have begun, what was under way, and what had not left, each in one class.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_killed_worker_only_the_window_is_lost_and_what_was_queued_is_handled_by_the_next() {
    let bench = Bench::with(
        RigArgs::Works,
        |worker| worker.window(3),
        |child| child.mailbox(Mailbox::bounded(100)),
    )
    .await;
    let pid = bench.ask_pid().await;
    let mut office = bench.system.dead_letters();
    let (door, mut knocks) = door(&bench.system);
    bench.rig.send(RigMsg::Knock(door)).await.unwrap();
    let _knock = knocks.next().await;
    for number in 0..20 {
        bench.rig.send(RigMsg::Note(number)).await.unwrap();
    }
    // In hand is the knock, whose beginning was reported; three more may be under way.
    while bench.rig.len() > 20 {
        tokio::task::yield_now().await;
    }

    freeze(pid).await;
    signal(pid, Sig::KILL);
    bench.restarted(pid).await;

    let notes = bench.rig.ask_within(LONG, RigMsg::Notes).await.unwrap();
    let lost = letters(&mut office).len() as u64;
    assert!(lost <= 3, "{lost}");
    assert!(
        notes.into_iter().eq(lost..20),
        "in order, and the rest of them"
    );
    bench.end().await;
}

// A2, D5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_queued_for_a_worker_that_ends_for_good_becomes_dead_letters() {
    let bench = Bench::with(
        RigArgs::Works,
        |worker| worker.window(2),
        |child| child.restart(Restart::Temporary),
    )
    .await;
    let pid = bench.ask_pid().await;
    let mut office = bench.system.dead_letters();
    freeze(pid).await;
    for number in 0..5 {
        bench.rig.send(RigMsg::Note(number)).await.unwrap();
    }
    let asked = ask_aside(&bench.rig, RigMsg::Total);
    while bench.rig.len() < 6 {
        tokio::task::yield_now().await;
    }

    signal(pid, Sig::KILL);
    let reason = soon("the end", bench.rig.wait()).await;

    let answer = asked.await.unwrap().unwrap_err();
    assert_eq!(
        answer,
        AskError::Stopped {
            reason: reason.clone(),
            begun: false
        }
    );
    assert!(!answer.may_have_run());
    let letters = letters(&mut office);
    let lost = |letter: &&actor_core::DeadLetter| {
        letter.reason
            == DeadLetterReason::Lost {
                maybe_handled: true,
            }
    };
    assert_eq!(letters.iter().filter(lost).count(), 2);
    assert_eq!(letters.len(), 6);
    assert!(bench.rig.send(RigMsg::Note(9)).await.is_err());
    vanished(pid).await;
    bench.end().await;
}

// A4: what is lent to a worker has its own bound and one window over the link.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_floods_a_busy_actor_of_the_parent_waits() {
    struct Busy(
        tokio::sync::mpsc::UnboundedSender<u64>,
        Option<tokio::sync::oneshot::Receiver<()>>,
    );
    impl Actor for Busy {
        type Msg = u64;
        async fn handle(&mut self, number: u64, _ctx: &mut Context<Self>) -> ActorResult {
            self.0.send(number)?;
            if let Some(gate) = self.1.take() {
                gate.await?;
            }
            Ok(())
        }
    }
    let bench = Bench::new().await;
    let (tell, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let (open, gate) = tokio::sync::oneshot::channel();
    let busy = bench
        .system
        .actor(Busy(tell, Some(gate)))
        .mailbox(Mailbox::bounded(2))
        .spawn();
    let feeding = ask_aside(&bench.rig, {
        let busy = busy.clone();
        move |reply| RigMsg::Feed(busy, 3_000, reply)
    });
    assert_eq!(soon("the first", handled.recv()).await, Some(0));
    // The worker's own side has room for 1,024 more; then its handler waits.
    while busy.len() < 63 {
        tokio::task::yield_now().await;
    }
    let stuck = bench
        .rig
        .ask_within(Duration::from_millis(300), RigMsg::Total)
        .await;
    assert!(matches!(stuck, Err(AskError::Timeout { .. })));
    assert!(busy.len() <= 2 + 64, "{} in the mailbox", busy.len());

    open.send(()).unwrap();
    soon("the end of the flood", feeding)
        .await
        .unwrap()
        .unwrap();

    for number in 1..3_000 {
        assert_eq!(soon("the next", handled.recv()).await, Some(number));
    }
    bench.end().await;
}

// A10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_needs_no_room_in_the_mailbox_of_a_worker() {
    let bench = Bench::with(
        RigArgs::Works,
        |worker| worker.window(1),
        |child| {
            child
                .mailbox(Mailbox::bounded(1))
                .restart(Restart::Transient)
        },
    )
    .await;
    let (door, mut knocks) = door(&bench.system);
    bench.rig.send(RigMsg::Knock(door)).await.unwrap();
    let knock = knocks.next().await;
    while bench.rig.try_send(RigMsg::Note(0)).is_ok() {}

    bench.rig.stop();
    knock.send(());

    assert_eq!(soon("the end", bench.rig.wait()).await, ExitReason::Normal);
    bench.end().await;
}
