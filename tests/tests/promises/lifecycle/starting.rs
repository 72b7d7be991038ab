//! C1, C9: the start, its failure, and its deadline.

use super::*;

in_every_placement!(
    started_completes_before_the_first_message,
    start_returns_the_error_of_started_and_frees_the_name,
    a_hanging_start_up_can_be_killed,
);

// C1
async fn started_completes_before_the_first_message(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let (open, opened) = tokio::sync::oneshot::channel::<()>();
    let puppet = puppet.on_start(act(move |puppet, _| {
        Box::pin(async move {
            opened.await.ok();
            puppet.note(1);
            Ok(())
        })
    }));
    let actor = system.actor(puppet).placement(placement).spawn();

    actor.send(note(2)).await.unwrap();
    open.send(()).unwrap();

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(events.next().await, Event::Note(2));
}

// C1
async fn start_returns_the_error_of_started_and_frees_the_name(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let failing = puppet.on_start(act_now(|_, ctx| {
        ctx.actor_ref().try_send(note(1))?;
        Err("no luck".into())
    }));

    let started = system
        .actor(failing)
        .placement(placement)
        .name("name")
        .start()
        .await;

    let reason = ExitReason::StartFailed("no luck".into());
    assert_eq!(started.err(), Some(StartError::Failed(reason)));
    assert_eq!(events.rest().await, [], "neither a message nor `stopped`");
    assert!(system.lookup_any("name").is_none());
    let (puppet, _events) = Puppet::new();
    system.start_named("name", puppet).await.unwrap();
    assert_eq!(system.dead_letter_count(), 1);
}

// C1
#[tokio::test]
async fn spawn_returns_at_once_and_a_failing_start_is_the_exit_reason() {
    let system = system();
    let (puppet, _events) = Puppet::new();

    let failed = system.spawn(puppet.on_start(fail("no luck")));
    let (puppet, _events) = Puppet::new();
    let panicked = system.spawn(puppet.on_start(panic("no luck")));

    let reason = ExitReason::StartFailed("no luck".into());
    assert_eq!(failed.wait().await, reason);
    let ExitReason::StartFailed(text) = panicked.wait().await else {
        panic!("a panic in `started` is a failed start");
    };
    assert!(text.contains("no luck"), "{text}");
}

// C9
async fn a_hanging_start_up_can_be_killed(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let (began, begun) = tokio::sync::oneshot::channel();
    let puppet = puppet.on_start(act(move |_, _| {
        Box::pin(async move {
            began.send(()).unwrap();
            std::future::pending().await
        })
    }));
    let actor = system.actor(puppet).placement(placement).spawn();
    begun.await.unwrap();

    actor.kill();

    assert_eq!(soon("the end", actor.wait()).await, ExitReason::Killed);
    assert_eq!(events.rest().await, []);
}

// C9
#[tokio::test(start_paused = true)]
async fn a_start_up_has_a_deadline() {
    let system = paused_system();
    let hanging = || {
        let (puppet, _events) = Puppet::new();
        puppet.on_start(act(|_, _| Box::pin(std::future::pending())))
    };
    let began = tokio::time::Instant::now();

    let by_default = system.start(hanging()).await;
    assert_eq!(began.elapsed().as_secs(), 30);
    let own = system
        .actor(hanging())
        .start_timeout(Duration::from_secs(2))
        .start()
        .await;
    assert_eq!(began.elapsed().as_secs(), 32);

    for started in [by_default, own] {
        let reason = StartError::Failed(ExitReason::StartTimeout);
        assert_eq!(started.err(), Some(reason));
    }
}

// C9
#[tokio::test(start_paused = true)]
async fn a_panic_while_a_late_start_up_is_dropped_harms_nobody() {
    let system = paused_system();
    let (puppet, _events) = Puppet::new();
    let hanging = puppet.on_start(act(|_, _| {
        Box::pin(async {
            let _bomb = Bomb;
            std::future::pending().await
        })
    }));

    let started = system.start(hanging).await;

    let Err(StartError::Failed(ExitReason::StartFailed(why))) = started else {
        panic!("{started:?}");
    };
    assert!(why.contains("a bomb went off"), "{why}");
}

// C9
#[tokio::test(start_paused = true)]
async fn a_hanging_start_up_does_not_hang_its_supervisor() {
    let system = paused_system();
    let (spec, _child) = ChildSpec::new("hanging", || {
        let (puppet, _events) = Puppet::new();
        puppet.on_start(act(|_, _| Box::pin(std::future::pending())))
    })
    .build();

    let started = Supervisor::builder(Strategy::OneForOne)
        .child(spec)
        .start(&system)
        .await;

    let id = "hanging".to_owned();
    let reason = ExitReason::StartTimeout;
    assert_eq!(started.err(), Some(StartError::Child { id, reason }));
    assert_eq!(system.live_actors(), 0);
}
