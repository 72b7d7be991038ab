//! C4: panics in the code of users.

use super::*;

in_every_placement!(
    a_panic_in_user_code_ends_that_actor_only,
    a_panic_in_a_drop_harms_nobody,
);

// C4
async fn a_panic_in_user_code_ends_that_actor_only(placement: Placement) {
    let system = system();
    let (bystander, _events) = spawn(&system, placement);
    let (in_handler, _events) = spawn(&system, placement);
    let (puppet, _signal_events) = Puppet::new();
    let in_signal = system
        .actor(puppet.on_signal(panic("in a signal")))
        .placement(placement)
        .spawn();
    let (in_factory, factory) = ChildSpec::new("factory", || -> Puppet { panic!("no state") })
        .placement(placement)
        .build();

    in_handler.send(panic("in a handler")).await.unwrap();
    let watched = in_handler.any();
    in_signal
        .send(act_now(move |_, ctx| {
            ctx.monitor(&watched);
            Ok(())
        }))
        .await
        .unwrap();

    let reason = in_handler.wait().await;
    let ExitReason::Panicked { text, location } = &reason else {
        panic!("{reason:?}");
    };
    assert_eq!(text, "in a handler");
    assert!(location.as_deref().unwrap().contains("puppet.rs:"));
    assert!(matches!(
        in_signal.wait().await,
        ExitReason::Panicked { text, .. } if text == "in a signal"
    ));
    let started = Supervisor::builder(Strategy::OneForOne)
        .child(in_factory)
        .start(&system)
        .await;
    let Err(StartError::Child { id, reason }) = started else {
        panic!("a factory that panics is a failed start");
    };
    assert_eq!(id, "factory");
    assert!(reason.to_string().contains("no state"), "{reason}");
    assert_eq!(factory.wait().await, reason);
    assert_eq!(bystander.ask(|reply| answer(reply, 1)).await, Ok(1));
}

// C4
async fn a_panic_in_a_drop_harms_nobody(placement: Placement) {
    let system = system();
    let (bystander, _events) = spawn(&system, placement);
    type Load = fn(&mut Puppet, &mut Context<Puppet>);
    let loads: [Load; 4] = [
        // In the state.
        |puppet, _| puppet.kept.push(Box::new(Bomb)),
        // In a queued message.
        |_, ctx| {
            let bomb = Bomb;
            let message = act_now(move |_, _| {
                let _bomb = bomb;
                Ok(())
            });
            ctx.actor_ref().try_send(message).unwrap();
        },
        // In the message of a timer.
        |_, ctx| {
            let bomb = Bomb;
            let message = act_now(move |_, _| {
                let _bomb = bomb;
                Ok(())
            });
            ctx.send_after("bomb", Duration::from_secs(3600), message);
        },
        // In the map function of a monitor.
        |_, ctx| {
            let bomb = Bomb;
            let watched = ctx.system().lookup_any("watched").unwrap();
            ctx.monitor_with(&watched, move |_| {
                let _bomb = &bomb;
                note(1)
            });
        },
    ];
    let (puppet, _watched_events) = Puppet::new();
    system.start_named("watched", puppet).await.unwrap();
    for (number, load) in loads.into_iter().enumerate() {
        let (actor, mut events) = spawn(&system, placement);
        let asking = {
            let actor = actor.clone();
            tokio::spawn(async move {
                let keep = |reply: Reply<u64>| {
                    act_now(move |puppet, ctx| {
                        puppet.kept.push(Box::new(reply));
                        load(puppet, ctx);
                        puppet.note(1);
                        ctx.stop();
                        Ok(())
                    })
                };
                actor.ask_within(Duration::from_secs(3600), keep).await
            })
        };
        assert_eq!(events.next().await, Event::Note(1));

        let reason = soon("the end", actor.wait()).await;

        assert_eq!(reason, ExitReason::Normal, "load {number}");
        let reason = ExitReason::Normal;
        let begun = true;
        let asked = soon("the ask resolves", asking).await.unwrap();
        let stopped = AskError::Stopped { reason, begun };
        assert_eq!(asked, Err(stopped), "load {number}");
        assert_eq!(bystander.ask(|reply| answer(reply, 1)).await, Ok(1));
    }
}

// C4
#[tokio::test]
async fn the_panic_hook_can_be_opted_out_of() {
    // The hook belongs to the process, so whether it is there is decided in a process of its own.
    if std::env::var_os("PROMISES_WITHOUT_HOOK").is_some() {
        let system = ActorSystem::builder("plain").panic_hook(false).build();
        let (actor, _events) = spawn(&system, Placement::Task);
        actor.send(panic("plain")).await.unwrap();
        let text = "plain".to_owned();
        let location = None;
        assert_eq!(actor.wait().await, ExitReason::Panicked { text, location });
        return;
    }
    let own = std::env::current_exe().unwrap();
    let status = tokio::process::Command::new(own)
        .args(["--exact", "lifecycle::the_panic_hook_can_be_opted_out_of"])
        .env("PROMISES_WITHOUT_HOOK", "1")
        .output()
        .await
        .unwrap();
    assert!(status.status.success(), "{status:?}");
}
