//! C6: children and their parent.

use super::*;

in_every_placement!(
    children_stop_in_reverse_before_their_parent_however_it_ends,
    an_abandoned_parent_takes_its_children_along,
);

// C6
async fn children_stop_in_reverse_before_their_parent_however_it_ends(placement: Placement) {
    let system = system();
    type End = fn(&ActorRef<Act>);
    let ends: [End; 5] = [
        ActorRef::stop,
        ActorRef::drain,
        ActorRef::kill,
        |actor| actor.try_send(fail("no")).unwrap(),
        |actor| actor.try_send(panic("no")).unwrap(),
    ];
    for (number, end) in ends.into_iter().enumerate() {
        let (sender, mut events) = Events::channel();
        let mut parent = Puppet::telling(&sender).on_stopped(note(0));
        let own = sender.clone();
        parent = parent.on_start(act(move |_, ctx| {
            Box::pin(async move {
                for number in 1..=3 {
                    let child = Puppet::telling(&own).on_stopped(act(move |puppet, ctx| {
                        Box::pin(async move {
                            // Time for others to stop, if they would not wait for this one.
                            for _ in 0..20 {
                                tokio::task::yield_now().await;
                            }
                            puppet.note(number);
                            assert!(!ctx.actor_ref().is_closed());
                            Ok(())
                        })
                    }));
                    let child = ctx.child(child).placement(placement);
                    child.start().await?;
                }
                Ok(())
            })
        }));
        drop(sender);
        let parent = system.actor(parent).placement(placement).start().await;
        let parent = parent.unwrap();

        end(&parent);
        parent.wait().await;

        // Nothing is told after the parent has ended.
        let mut notes = Vec::new();
        while let Some(event) = events.try_next() {
            if let Event::Note(number) = event {
                notes.push(number);
            }
        }
        let expected: &[u64] = if number == 2 {
            &[3, 2, 1]
        } else {
            &[3, 2, 1, 0]
        };
        assert_eq!(notes, expected, "end {number}");
        assert_eq!(system.live_actors(), 0);
    }
}

// C6
#[tokio::test(start_paused = true)]
async fn each_child_stops_within_its_own_allowance() {
    let system = paused_system();
    let (sender, mut events) = Events::channel();
    let began = tokio::time::Instant::now();
    let told = sender.clone();
    let stubborn = move || {
        let told = told.clone();
        Puppet::telling(&told).on_stopped(act(move |_, _| Box::pin(std::future::pending())))
    };
    let parent = Puppet::telling(&sender).on_start(act(move |_, ctx| {
        Box::pin(async move {
            let ten = Shutdown::Within(Duration::from_secs(10));
            ctx.child(stubborn()).shutdown(ten).start().await?;
            ctx.child(stubborn())
                .shutdown(Shutdown::Kill)
                .start()
                .await?;
            let one = Shutdown::Within(Duration::from_secs(1));
            ctx.child(stubborn()).shutdown(one).start().await?;
            Ok(())
        })
    }));
    let parent = system.start(parent).await.unwrap();

    parent.stop();
    parent.wait().await;

    // One second, none and ten; the one to be killed runs no hook.
    assert_eq!(began.elapsed().as_secs(), 11);
    let shutdown = Event::Stopped(ExitReason::Shutdown);
    assert_eq!(events.next().await, shutdown.clone());
    assert_eq!(events.next().await, shutdown);
    assert_eq!(events.next().await, Event::Stopped(ExitReason::Normal));
}

// C6
#[tokio::test]
async fn a_child_that_is_started_in_stopped_does_not_outlive_its_parent() {
    let system = system();
    let (sender, mut events) = Events::channel();
    let own = sender.clone();
    let parent = Puppet::telling(&sender).on_stopped(act(move |_, ctx| {
        Box::pin(async move {
            ctx.child(Puppet::telling(&own)).start().await?;
            Ok(())
        })
    }));
    drop(sender);
    let parent = system.spawn(parent);

    parent.stop();
    parent.wait().await;

    assert_eq!(system.live_actors(), 0);
    assert_eq!(events.rest().await.len(), 2);
}

// C6
#[tokio::test]
async fn a_dead_parent_takes_no_more_children() {
    let system = system();
    let (parent, _events) = spawn(&system, Placement::Task);
    let (sender, builder) = tokio::sync::oneshot::channel();
    parent
        .send(act_now(move |_, ctx| {
            sender.send(ctx.child(Puppet::new().0)).ok();
            ctx.stop();
            Ok(())
        }))
        .await
        .unwrap();
    let builder = builder.await.unwrap();
    parent.wait().await;

    let child = builder.spawn();

    let reason = soon("the end", child.wait()).await;
    assert_eq!(reason, ExitReason::Shutdown);
    assert_eq!(system.live_actors(), 0);
}

// C6, C8: the parent's handler blocks for good, so it is given up; what it owned must not be left behind.
async fn an_abandoned_parent_takes_its_children_along(placement: Placement) {
    let system = system();
    let flag = Flag::new();
    let (sender, _events) = Events::channel();
    let own = sender.clone();
    let (child_ref, child) = tokio::sync::oneshot::channel();
    let parent = Puppet::telling(&sender).on_start(act_now(move |_, ctx| {
        child_ref.send(ctx.spawn(Puppet::telling(&own))).ok();
        Ok(())
    }));
    let parent = system.actor(parent).placement(placement).spawn();
    let child = child.await.unwrap();
    let mut begun = spin(&parent, &flag).await;
    begun.recv().await;

    system.shutdown(Duration::from_millis(400)).await;

    assert!(child.is_closed() && parent.is_closed());
    assert_eq!(system.live_actors(), 0);
}
