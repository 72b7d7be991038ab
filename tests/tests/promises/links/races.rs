//! F3, F5: links, unlinks and ends at the same moment.

use super::*;

// F5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_races_with_an_end_is_told_exactly_once() {
    let system = system();
    for round in 0..3_000 {
        let (dying, _events) = task(&system);
        let (trapper, mut events) = task(&system);
        done(&trapper, trapping()).await;
        let killing = {
            let dying = dying.clone();
            tokio::spawn(async move { dying.kill() })
        };

        // In every other round both link, also the one that dies.
        if round % 2 == 0 {
            dying.try_send(linking(&trapper.any())).ok();
        }
        trapper.send(linking(&dying.any())).await.unwrap();

        let heard = exit(&mut events).await;
        assert_eq!(heard.actor, dying.id());
        let reasons = [ExitReason::Killed, ExitReason::NoActor];
        assert!(reasons.contains(&heard.reason), "{heard:?}");
        killing.await.unwrap();
        trapper.drain();
        // A link that the dying one made and that was told before the trapper linked as well, is one; the trapper's is another.
        let rest = events.rest().await;
        let again = Event::Signal(Signal::Exit(Exit {
            actor: dying.id(),
            reason: ExitReason::NoActor,
        }));
        let stopped = Event::Stopped(ExitReason::Normal);
        let was_told_twice = rest == [again, stopped.clone()] && round % 2 == 0;
        assert!(was_told_twice || rest == [stopped], "{rest:?}");
    }
}

// F5: two that link each other at the same moment are linked once, and not half.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_actors_that_link_each_other_at_once_are_linked_once() {
    let system = system();
    for round in 0..3_000 {
        let (one, mut heard_by_one) = task(&system);
        let (other, mut heard_by_other) = task(&system);
        one.send(trapping()).await.unwrap();
        other.send(trapping()).await.unwrap();

        let linking_other = {
            let (one, other) = (one.clone(), other.any());
            tokio::spawn(async move { done(&one, linking(&other)).await })
        };
        done(&other, linking(&one.any())).await;
        linking_other.await.unwrap();
        let (first, second, heard) = if round % 2 == 0 {
            (&one, &other, &mut heard_by_other)
        } else {
            (&other, &one, &mut heard_by_one)
        };
        first.kill();

        assert_eq!(exit(heard).await.actor, first.id());
        end(first).await;
        synced(second).await;
        second.drain();
        assert_eq!(heard.rest().await, [Event::Stopped(ExitReason::Normal)]);
    }
}

// F3, F5: links and unlinks from both sides at once leave both linked, or neither: half a link would make a later link or unlink fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_and_unlinks_that_race_leave_no_half_of_a_link() {
    let system = system();
    let seed = Random::fresh_seed();
    let mut random = Random::seeded(seed);
    for round in 0..2_000 {
        let again = format!("round {round}; replay with PROMISES_SEED={seed}");
        let (one, heard_by_one) = task(&system);
        let (other, heard_by_other) = task(&system);
        one.send(trapping()).await.unwrap();
        other.send(trapping()).await.unwrap();
        let mut plan = || (0..4).map(|_| random.below(2)).collect::<Vec<_>>();
        let (ones, others) = (plan(), plan());

        let of_one = tokio::spawn(link_and_unlink(one.clone(), other.any(), ones));
        link_and_unlink(other.clone(), one.any(), others).await;
        of_one.await.unwrap();
        let are_linked = random.below(2) == 0;
        let last = if are_linked { linking } else { unlinking };
        let mut pair = [(one, heard_by_one), (other, heard_by_other)];
        if random.below(2) == 0 {
            pair.reverse();
        }
        done(&pair[0].0, last(&pair[1].0.any())).await;
        if random.below(2) == 0 {
            pair.reverse();
        }
        let [(killed, _), (left, mut heard)] = pair;
        killed.kill();

        end(&killed).await;
        synced(&left).await;
        left.drain();
        let rest = heard.rest().await;
        assert_eq!(rest.len(), 1 + usize::from(are_linked), "{again}: {rest:?}");
    }
}

async fn link_and_unlink(actor: ActorRef<Act>, target: AnyActorRef, plan: Vec<u64>) {
    for choice in plan {
        let act = match choice {
            0 => linking(&target),
            _ => unlinking(&target),
        };
        actor.send(act).await.unwrap();
    }
    synced(&actor).await;
}

// F3: an unlink may race with the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_unlink_that_races_with_the_end_no_exit_is_handled() {
    let system = system();
    for _ in 0..3_000 {
        let (dying, _events) = task(&system);
        let (trapper, mut events) = task(&system);
        trapper.send(trapping()).await.unwrap();
        done(&trapper, linking(&dying.any())).await;
        let killing = {
            let dying = dying.clone();
            tokio::spawn(async move { dying.kill() })
        };

        let target = dying.any();
        let unlinking = act_now(move |puppet, ctx| {
            ctx.unlink(&target);
            puppet.note(1);
            Ok(())
        });
        trapper.send(unlinking).await.unwrap();
        end(&dying).await;
        killing.await.unwrap();
        synced(&trapper).await;
        trapper.drain();

        let rest = events.rest().await;
        let place = rest.iter().position(|event| *event == Event::Note(1));
        let after = &rest[place.expect("it was handled") + 1..];
        assert_eq!(after, [Event::Stopped(ExitReason::Normal)]);
    }
}
