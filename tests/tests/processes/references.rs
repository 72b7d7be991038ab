//! References that travel: their identity, how long they keep their actor alive, and R5.

use actor_core::DeadLetterReason;
use actor_core::prelude::*;
use rustix::process::Signal as Sig;
use tests::soon;
use tests::workers::RigMsg;

use crate::bench::{Bench, Heard, LONG, Listener, letters, signal};

async fn lend(bench: &Bench) -> ActorRef<u64> {
    bench.rig.ask_within(LONG, RigMsg::Lend).await.unwrap()
}

async fn is_over(bench: &Bench) -> bool {
    bench
        .rig
        .ask_within(LONG, RigMsg::IsLentOver)
        .await
        .unwrap()
}

// C7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lent_actor_lives_as_long_as_somebody_holds_a_reference_to_it() {
    let bench = Bench::new().await;
    let lent = lend(&bench).await;
    let other = lent.clone();
    drop(lent);
    for _ in 0..10 {
        other.send(1).await.unwrap();
        assert!(!is_over(&bench).await);
    }

    drop(other);

    let end = bench.rig.ask_within(LONG, RigMsg::AwaitLent).await;
    assert_eq!(end, Ok(ExitReason::Normal));
    bench.end().await;
}

// C7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_actor_of_the_parent_lives_until_the_worker_lets_go_of_it() {
    let bench = Bench::new().await;
    let (ear, mut heard) = Listener::new(&bench.system);
    let any = ear.downgrade();
    bench.rig.send(RigMsg::Hold(ear)).await.unwrap();
    assert_eq!(
        bench
            .rig
            .ask_within(LONG, |reply| RigMsg::TellHeld(3, reply))
            .await,
        Ok(true)
    );
    assert_eq!(heard.next().await, Heard::Number(3));
    assert!(any.upgrade().is_some_and(|ear| !ear.is_closed()));

    bench.rig.send(RigMsg::LetGo).await.unwrap();

    assert_eq!(heard.next().await, Heard::Stopped);
    bench.end().await;
}

// C7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_actor_that_a_lost_worker_held_is_let_go_of() {
    let bench = Bench::new().await;
    let (ear, mut heard) = Listener::new(&bench.system);
    bench.rig.send(RigMsg::Hold(ear)).await.unwrap();
    let pid = bench.ask_pid().await;

    signal(pid, Sig::KILL);

    assert_eq!(heard.next().await, Heard::Stopped);
    bench.end().await;
}

// C7: what the worker sent before it let go is handled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_before_the_last_reference_was_dropped_is_handled() {
    let bench = Bench::new().await;
    for _ in 0..20 {
        let (ear, mut heard) = Listener::new(&bench.system);
        // The only reference moves to the worker, which drops it when it has sent all.
        let fed = bench
            .rig
            .ask_within(LONG, |reply| RigMsg::Feed(ear, 300, reply))
            .await;
        assert_eq!(fed, Ok(()));

        for number in 0..300 {
            assert_eq!(heard.next().await, Heard::Number(number));
        }
        assert_eq!(heard.next().await, Heard::Stopped);
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_that_comes_home_is_the_very_same() {
    let bench = Bench::new().await;
    let (ear, _heard) = Listener::new(&bench.system);

    let back = {
        let ear = ear.clone();
        bench
            .rig
            .ask_within(LONG, |reply| RigMsg::Back(ear, reply))
            .await
            .unwrap()
    };

    assert_eq!(back, ear);
    assert_eq!(back.id(), ear.id());
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_of_the_worker_that_is_sent_back_to_it_is_its_own() {
    let bench = Bench::new().await;
    let lent = lend(&bench).await;

    let back = {
        let lent = lent.clone();
        bench
            .rig
            .ask_within(LONG, |reply| RigMsg::Back(lent, reply))
            .await
            .unwrap()
    };

    assert_eq!(back, lent, "and so it is ours again");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_reference_sent_twice_is_the_same_on_the_other_side() {
    let bench = Bench::new().await;
    let (ear, _heard) = Listener::new(&bench.system);
    let (other, _other_heard) = Listener::new(&bench.system);

    let (one, two) = (ear.clone(), ear.clone());
    let same = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::AreSame(one, two, reply))
        .await;
    let (one, two) = (ear.clone(), other);
    let different = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::AreSame(one, two, reply))
        .await;
    bench.rig.send(RigMsg::Hold(ear.clone())).await.unwrap();
    let held = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::IsHeld(ear, reply))
        .await;

    assert_eq!((same, different, held), (Ok(true), Ok(false), Ok(true)));
    let first = lend(&bench).await;
    let again = bench.rig.ask_within(LONG, RigMsg::LendAgain).await.unwrap();
    assert_eq!(first, again);
    bench.end().await;
}

// A1, C7: a reference that comes again while the last one is being let go of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_that_is_dropped_and_sent_again_and_again_loses_nothing() {
    let bench = Bench::new().await;
    let (ear, mut heard) = Listener::new(&bench.system);
    let (rounds, each) = (300, 70);
    let mut office = bench.system.dead_letters();

    for _ in 0..rounds {
        let ear = ear.clone();
        let fed = bench
            .rig
            .ask_within(LONG, |reply| RigMsg::Feed(ear, each, reply))
            .await;
        assert_eq!(fed, Ok(()));
    }

    for _ in 0..rounds {
        for number in 0..each {
            assert_eq!(heard.next().await, Heard::Number(number));
        }
    }
    assert!(letters(&mut office).is_empty());
    bench.end().await;
}

// A2, F1: the same with an actor that dies meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dying_actor_that_is_lent_again_and_again_harms_no_link() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;
    for _ in 0..100 {
        let (ear, mut heard) = Listener::new(&bench.system);
        let feeding: Vec<_> = (0..4)
            .map(|_| {
                let (rig, ear) = (bench.rig.clone(), ear.clone());
                tokio::spawn(async move { rig.send(RigMsg::SayIfYouCan(ear, 100)).await.is_ok() })
            })
            .collect();
        assert!(matches!(heard.next().await, Heard::Number(_)));
        ear.stop();
        for fed in feeding {
            assert!(fed.await.unwrap());
        }
    }

    assert_eq!(bench.ask_pid().await, pid, "the link stands");
    bench.end().await;
}

// R5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_into_a_former_process_never_reaches_the_next_one() {
    let bench = Bench::new().await;
    let (ear, mut heard) = Listener::new(&bench.system);
    let feed = ear.clone();
    let old = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::LendRepeater(feed, reply))
        .await
        .unwrap();
    old.send(1).await.unwrap();
    assert_eq!(heard.next().await, Heard::Number(1));
    let pid = bench.ask_pid().await;
    signal(pid, Sig::KILL);
    bench.restarted(pid).await;
    // The next process exports an actor under the same number.
    let feed = ear.clone();
    let new = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::LendRepeater(feed, reply))
        .await
        .unwrap();

    let refused = old.send(2).await;
    let asked = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::IsHeld(old.clone(), reply))
        .await;
    new.send(3).await.unwrap();

    assert_eq!(refused.unwrap_err().into_message(), 2);
    assert_eq!(asked, Ok(false), "it travels as what it is: a dead actor");
    assert_ne!(old, new);
    assert_eq!(heard.next().await, Heard::Number(3));
    bench.end().await;
}

// R5, A2: what was queued for a former process is told as lost or not sent, and is not sent to the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_queued_for_an_actor_of_a_former_process_becomes_dead_letters() {
    let bench = Bench::new().await;
    let lent = lend(&bench).await;
    let pid = bench.ask_pid().await;
    let mut office = bench.system.dead_letters();
    crate::bench::freeze(pid).await;
    for number in 1..=100 {
        lent.send(number).await.unwrap();
    }

    signal(pid, Sig::KILL);
    soon("the end", lent.wait()).await;

    let letters = letters(&mut office);
    assert_eq!(letters.len(), 100);
    for letter in letters {
        let lost = DeadLetterReason::Lost {
            maybe_handled: true,
        };
        let unsent = DeadLetterReason::Stopped(ExitReason::NoConnection);
        assert!(
            letter.reason == lost || letter.reason == unsent,
            "{:?}",
            letter.reason
        );
    }
    bench.end().await;
}

// C2: stop and drain reach the actor itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_drain_and_kill_by_an_imported_reference_reach_the_actor() {
    let bench = Bench::new().await;

    let (ear, mut heard) = Listener::new(&bench.system);
    bench
        .rig
        .send(RigMsg::StopOther(ear.clone()))
        .await
        .unwrap();
    assert_eq!(heard.next().await, Heard::Stopped);
    assert_eq!(soon("the end", ear.wait()).await, ExitReason::Normal);

    let drained = lend(&bench).await;
    drained.send(1).await.unwrap();
    drained.drain();
    assert_eq!(soon("the end", drained.wait()).await, ExitReason::Normal);
    let end = bench.rig.ask_within(LONG, RigMsg::AwaitLent).await;
    assert_eq!(end, Ok(ExitReason::Normal));

    let killed = lend(&bench).await;
    killed.kill();
    assert_eq!(soon("the end", killed.wait()).await, ExitReason::Killed);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_root_of_a_worker_is_the_same_on_both_sides() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;

    let own = bench.rig.ask_within(LONG, RigMsg::Own).await;
    assert_eq!(own.unwrap(), bench.rig, "what it sends of itself");
    let rig = bench.rig.clone();
    let is_it = bench.rig.ask_within(LONG, |reply| RigMsg::IsMe(rig, reply));
    assert_eq!(is_it.await, Ok(true), "what it is sent of itself");
    signal(pid, Sig::KILL);
    bench.restarted(pid).await;

    let own = bench.rig.ask_within(LONG, RigMsg::Own).await;
    assert_eq!(own.unwrap(), bench.rig, "and so the next process");
    bench.end().await;
}

// A1, F1: two workers that know each other's actors, by way of the parent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_of_one_worker_works_in_another_and_dies_with_its_own() {
    let bench = Bench::new().await;
    let pid = bench.ask_pid().await;
    let other = crate::bench::worker(&bench.node, "other", tests::workers::RigArgs::Works);
    let (spec, other) = other.child().build();
    bench.sup.start_child(spec).await.unwrap();
    let (ear, mut heard) = Listener::new(&bench.system);
    let lent = bench
        .rig
        .ask_within(LONG, |reply| RigMsg::LendRepeater(ear, reply))
        .await
        .unwrap();
    other.send(RigMsg::Hold(lent)).await.unwrap();

    for number in 1..=100 {
        let told = other.ask_within(LONG, |reply| RigMsg::TellHeld(number, reply));
        assert_eq!(told.await, Ok(true));
    }
    for number in 1..=100 {
        assert_eq!(heard.next().await, Heard::Number(number));
    }
    let end = crate::bench::ask_aside(&other, RigMsg::AwaitHeld);
    // Asked behind it, so it is waiting by now.
    other.ask_within(LONG, RigMsg::Pid).await.unwrap();
    signal(pid, Sig::KILL);

    let end = soon("the end", end).await.unwrap();
    assert_eq!(end, Ok(ExitReason::NoConnection));
    let told = other.ask_within(LONG, |reply| RigMsg::TellHeld(1, reply));
    assert_eq!(told.await, Ok(false), "it is closed there too");
    bench.end().await;
}

// D1, D3: what is lent may be restarted by its own supervisor; the worker notices nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lent_actor_that_is_restarted_stays_the_same_to_the_worker() {
    struct Fragile(tokio::sync::mpsc::UnboundedSender<u64>);
    impl Actor for Fragile {
        type Msg = u64;
        async fn handle(&mut self, number: u64, _ctx: &mut Context<Self>) -> ActorResult {
            if number.is_multiple_of(10) {
                return Err("a ten".into());
            }
            self.0.send(number)?;
            Ok(())
        }
    }
    let bench = Bench::new().await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (spec, fragile) = ChildSpec::new("fragile", move || Fragile(tell.clone())).build();
    bench.sup.start_child(spec).await.unwrap();
    bench.rig.send(RigMsg::Hold(fragile)).await.unwrap();

    for number in 0..90 {
        let sent = bench
            .rig
            .ask_within(LONG, |reply| RigMsg::TellHeld(number, reply));
        assert_eq!(sent.await, Ok(true));
    }

    for number in (0..90u64).filter(|number| !number.is_multiple_of(10)) {
        assert_eq!(soon("the next", told.recv()).await, Some(number));
    }
    bench.end().await;
}
