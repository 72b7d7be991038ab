//! F3, F5: who is linked with whom.

use super::*;

in_every_placement!(
    a_link_is_mutual_whoever_made_it,
    after_unlink_no_exit_is_handled,
);

// F5
async fn a_link_is_mutual_whoever_made_it(placement: Placement) {
    for maker_fails in [true, false] {
        let system = system();
        let (maker, _events) = spawn(&system, placement);
        let (other, _events) = spawn(&system, placement);
        done(&maker, linking(&other.any())).await;

        let (first, second) = match maker_fails {
            true => (&maker, &other),
            false => (&other, &maker),
        };
        first.send(fail("no")).await.unwrap();

        assert_eq!(end(first).await, failed("no"));
        assert_eq!(end(second).await, linked("failed: no"));
    }
}

// F5
#[tokio::test]
async fn there_is_one_link_per_pair() {
    let system = system();
    let (one, mut heard_by_one) = task(&system);
    let (other, mut heard_by_other) = task(&system);
    done(&one, trapping()).await;
    done(&other, trapping()).await;

    // As often as they like, from both sides; one unlink takes it away.
    for _ in 0..3 {
        done(&one, linking(&other.any())).await;
        done(&other, linking(&one.any())).await;
    }
    done(&one, unlinking(&other.any())).await;
    done(&one, linking(&other.any())).await;
    done(&other, linking(&one.any())).await;
    one.kill();

    assert_eq!(exit(&mut heard_by_other).await.actor, one.id());
    synced(&other).await;
    other.drain();
    assert_eq!(
        heard_by_other.rest().await,
        [Event::Stopped(ExitReason::Normal)]
    );
    assert_eq!(heard_by_one.rest().await, []);
}

// F5
#[tokio::test]
async fn an_actor_that_links_itself_is_not_disturbed() {
    let system = system();
    let (one, mut events) = task(&system);
    done(&one, trapping()).await;

    done(&one, linking(&one.any())).await;
    done(&one, unlinking(&one.any())).await;
    done(&one, linking(&one.any())).await;
    one.send(fail("no")).await.unwrap();

    assert_eq!(end(&one).await, failed("no"));
    assert_eq!(events.rest().await, [Event::Stopped(failed("no"))]);
}

// F5
#[tokio::test]
async fn a_link_with_a_dead_actor_is_told_at_once() {
    let system = system();
    let (dead, _events) = task(&system);
    dead.stop();
    end(&dead).await;
    let (trapper, mut events) = task(&system);
    done(&trapper, trapping()).await;
    let (other, _events) = task(&system);

    for _ in 0..2 {
        done(&trapper, linking(&dead.any())).await;
        let reason = ExitReason::NoActor;
        let actor = dead.id();
        assert_eq!(exit(&mut events).await, Exit { actor, reason });
    }
    other.send(linking(&dead.any())).await.unwrap();

    assert_eq!(end(&other).await, linked("no such actor"));
}

// F5
#[tokio::test]
async fn a_link_keeps_nobody_alive() {
    let system = system();
    let (trapper, mut events) = task(&system);
    done(&trapper, trapping()).await;
    let (one, _events) = task(&system);
    done(&trapper, linking(&one.any())).await;
    done(&one, linking(&trapper.any())).await;
    let id = one.id();

    drop(one);

    let heard = exit(&mut events).await;
    assert_eq!((heard.actor, heard.reason), (id, ExitReason::Normal));
}

// F3
async fn after_unlink_no_exit_is_handled(placement: Placement) {
    let system = system();
    let (trapper, mut events) = spawn(&system, placement);
    done(&trapper, trapping()).await;
    let (first, _events) = spawn(&system, placement);
    let (second, _events) = spawn(&system, placement);
    let (third, _events) = spawn(&system, placement);
    let (dead, _events) = spawn(&system, placement);
    dead.kill();
    end(&dead).await;
    for target in [&first, &second, &third] {
        done(&trapper, linking(&target.any())).await;
    }
    let (holding, mut gate) = hold();
    trapper.send(holding).await.unwrap();
    gate.begun().await;

    // The messages that take the links back stand before the exits, which are queued when these are handled.
    trapper.send(linking(&dead.any())).await.unwrap();
    for target in [&first, &second, &dead] {
        trapper.send(unlinking(&target.any())).await.unwrap();
    }
    for target in [&first, &second, &third] {
        target.kill();
        end(target).await;
    }
    gate.open();

    assert_eq!(exit(&mut events).await.actor, third.id());
    synced(&trapper).await;
    trapper.drain();
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// F3
#[tokio::test]
async fn who_was_unlinked_by_the_other_does_not_end_with_it() {
    let system = system();
    let (one, _events) = task(&system);
    let (other, mut events) = task(&system);
    done(&other, linking(&one.any())).await;

    done(&one, unlinking(&other.any())).await;
    one.kill();
    end(&one).await;

    synced(&other).await;
    other.drain();
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// F5: actors of two systems know each other by reference only.
#[tokio::test]
async fn actors_of_two_systems_can_be_linked() {
    let (here, there) = (system(), system());
    let (one, _events) = task(&here);
    let (other, _events) = task(&there);
    done(&one, linking(&other.any())).await;

    other.send(fail("no")).await.unwrap();

    assert_eq!(end(&one).await, linked("failed: no"));
}
