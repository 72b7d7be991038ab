//! What runs beside an actor: pipes, attached streams, blocking calls.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use actor_core::prelude::*;
use actor_core::{Stream, WorkId};
use tests::puppet::{Act, Event, Events, Puppet, act, act_now, answer, fail, note};
use tests::{in_every_placement, soon, system};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

in_every_placement!(
    the_output_of_a_pipe_is_handled_as_a_message,
    the_items_of_a_stream_are_handled_in_order_and_then_its_end,
    the_result_of_a_blocking_call_is_handled_as_a_message,
    a_pipe_makes_progress_while_a_handler_waits_for_it,
    a_panic_beside_an_actor_is_its_failure,
);

/// The items that come through a channel.
struct Items(UnboundedReceiver<u64>);

impl Stream for Items {
    type Item = u64;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<u64>> {
        self.0.poll_recv(cx)
    }
}

fn items() -> (UnboundedSender<u64>, Items) {
    let (sender, receiver) = unbounded_channel();
    (sender, Items(receiver))
}

/// Always has another item.
struct Endless;

impl Stream for Endless {
    type Item = ();

    fn poll_next(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<()>> {
        Poll::Ready(Some(()))
    }
}

/// Tells when it is dropped.
struct Canary(Option<oneshot::Sender<()>>);

impl Drop for Canary {
    fn drop(&mut self) {
        self.0.take().map(|tell| tell.send(()));
    }
}

fn canary() -> (Canary, oneshot::Receiver<()>) {
    let (sender, receiver) = oneshot::channel();
    (Canary(Some(sender)), receiver)
}

/// A way to end an actor.
type Verb = fn(&ActorRef<Act>);

fn spawn(system: &ActorSystem) -> (ActorRef<Act>, Events) {
    let (puppet, events) = Puppet::new();
    (system.spawn(puppet), events)
}

/// Does something in the actor and waits until it is done.
async fn inside<T: Send + 'static>(
    actor: &ActorRef<Act>,
    deed: impl FnOnce(&mut Context<Puppet>) -> T + Send + 'static,
) -> T {
    let asked = actor.ask(|reply: Reply<T>| {
        act_now(move |_, ctx| {
            reply.send(deed(ctx));
            Ok(())
        })
    });
    asked.await.unwrap()
}

// A8
async fn the_output_of_a_pipe_is_handled_as_a_message(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).placement(placement).spawn();
    let (open, opened) = oneshot::channel();

    inside(&actor, |ctx| {
        ctx.pipe(opened, |number| note(number.unwrap()));
    })
    .await;
    actor.send(note(1)).await.unwrap();
    assert_eq!(events.next().await, Event::Note(1));
    open.send(2).unwrap();

    assert_eq!(events.next().await, Event::Note(2));
}

// A8
async fn the_items_of_a_stream_are_handled_in_order_and_then_its_end(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).placement(placement).spawn();
    let (sender, stream) = items();
    for number in 0..100 {
        sender.send(number).unwrap();
    }
    drop(sender);

    inside(&actor, |ctx| {
        ctx.attach_with_end(stream, note, || note(1_000));
    })
    .await;

    for number in (0..100).chain([1_000]) {
        assert_eq!(events.next().await, Event::Note(number));
    }
}

// A8
async fn the_result_of_a_blocking_call_is_handled_as_a_message(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).placement(placement).spawn();
    let (open, opened) = std::sync::mpsc::channel();

    inside(&actor, move |ctx| {
        ctx.spawn_blocking(move || opened.recv().unwrap(), note);
    })
    .await;
    assert_eq!(
        actor.ask(|reply| answer(reply, 1)).await,
        Ok(1),
        "it is free"
    );
    open.send(2).unwrap();

    assert_eq!(events.next().await, Event::Note(2));
}

// A8
async fn a_pipe_makes_progress_while_a_handler_waits_for_it(placement: Placement) {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).placement(placement).spawn();

    let waiting = act(|puppet, ctx| {
        Box::pin(async move {
            let (tell, told) = oneshot::channel();
            ctx.pipe(async move { tell.send(1).unwrap() }, |()| note(2));
            puppet.note(told.await?);
            Ok(())
        })
    });
    actor.send(waiting).await.unwrap();

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(events.next().await, Event::Note(2));
}

// A4
#[tokio::test]
async fn results_need_no_room_and_stand_behind_what_was_queued_before() {
    let system = system();
    let (puppet, mut events) = Puppet::new();
    let actor = system.actor(puppet).mailbox(Mailbox::bounded(1)).spawn();
    let (canary, gone) = canary();
    let (open, opened) = oneshot::channel::<()>();
    let (tell, told) = oneshot::channel::<()>();
    let pipe = act(move |_, ctx| {
        Box::pin(async move {
            let piped = async move {
                told.await.unwrap();
                drop(canary);
            };
            ctx.pipe(piped, |()| note(2));
            opened.await?;
            Ok(())
        })
    });
    actor.send(pipe).await.unwrap();
    actor.send(note(1)).await.unwrap();
    tell.send(()).unwrap();
    soon("the pipe has run", gone).await.unwrap();
    tokio::task::yield_now().await;

    assert!(actor.try_send(note(9)).is_err(), "it is full");
    open.send(()).unwrap();

    assert_eq!(events.next().await, Event::Note(1));
    assert_eq!(events.next().await, Event::Note(2));
    assert_eq!(actor.len(), 0);
}

// A8
#[tokio::test]
async fn a_stream_is_asked_for_its_next_item_when_the_last_one_was_handled() {
    struct Counted(UnboundedSender<u64>, u64);
    impl Stream for Counted {
        type Item = u64;
        fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<u64>> {
            self.1 += 1;
            self.0.send(self.1).unwrap();
            Poll::Ready(Some(self.1))
        }
    }
    let system = system();
    let (actor, mut events) = spawn(&system);
    let (asked, mut was_asked) = unbounded_channel();
    let (open, opened) = oneshot::channel::<()>();
    let mut opened = Some(opened);

    inside(&actor, |ctx| {
        ctx.attach(Counted(asked, 0), move |number| {
            let opened = opened.take();
            act(move |puppet, _| {
                Box::pin(async move {
                    puppet.note(number);
                    match opened {
                        Some(opened) => drop(opened.await),
                        None => std::future::pending().await,
                    }
                    Ok(())
                })
            })
        });
    })
    .await;

    assert_eq!(events.next().await, Event::Note(1));
    tokio::task::yield_now().await;
    assert_eq!(was_asked.recv().await, Some(1));
    assert!(was_asked.try_recv().is_err(), "the first item is in hand");
    open.send(()).unwrap();
    assert_eq!(events.next().await, Event::Note(2));
    assert_eq!(was_asked.recv().await, Some(2));
    actor.kill();
    actor.wait().await;
    assert!(was_asked.try_recv().is_err());
}

// A9
#[tokio::test]
async fn a_stream_that_is_always_ready_takes_turns_with_the_mailbox_and_timers() {
    fn again(number: u64) -> Act {
        act_now(move |puppet, ctx| {
            puppet.note(number);
            ctx.actor_ref().try_send(again(number))?;
            Ok(())
        })
    }
    // Where messages are reordered, results come first; still not one after the other.
    for mailbox in [Mailbox::default(), Mailbox::default().lifo()] {
        let system = system();
        let (puppet, mut events) = Puppet::new();
        let actor = system.actor(puppet).mailbox(mailbox).spawn();

        inside(&actor, |ctx| {
            ctx.attach(Endless, |()| note(1));
            ctx.send_interval("tick", Duration::from_millis(1), || note(3));
            // The mailbox is never empty either.
            ctx.actor_ref().try_send(again(2)).unwrap();
        })
        .await;

        let mut seen = [0; 4];
        while seen[1] < 100 || seen[2] < 100 || seen[3] < 5 {
            if let Event::Note(number) = events.next().await {
                seen[usize::try_from(number).unwrap()] += 1;
            }
        }
        actor.stop();
        let reason = soon("the stop is seen", actor.wait()).await;
        assert_eq!(reason, ExitReason::Normal);
    }
}

// C7
#[tokio::test]
async fn a_pipe_in_flight_keeps_an_unreferenced_actor_alive() {
    let system = system();
    let (actor, mut events) = spawn(&system);
    let (open, opened) = oneshot::channel();
    inside(&actor, |ctx| {
        ctx.pipe(opened, |number| note(number.unwrap()));
    })
    .await;
    let weak = actor.downgrade();

    drop(actor);
    assert!(weak.upgrade().is_some());
    open.send(1).unwrap();

    let rest = events.rest().await;
    assert_eq!(rest, [Event::Note(1), Event::Stopped(ExitReason::Normal)]);
    assert!(weak.upgrade().is_none());
}

// C7
#[tokio::test]
async fn a_pipe_that_is_set_while_the_last_one_is_handled_keeps_the_chain_alive() {
    fn chain(left: u64) -> Act {
        act_now(move |puppet, ctx| {
            puppet.note(left);
            if left > 0 {
                ctx.pipe(tokio::task::yield_now(), move |()| chain(left - 1));
            }
            Ok(())
        })
    }
    let system = system();
    let (actor, mut events) = spawn(&system);

    actor.send(chain(3)).await.unwrap();
    drop(actor);

    assert_eq!(events.rest_of_notes().await, [3, 2, 1, 0]);
}

// C7
#[tokio::test]
async fn an_actor_that_nobody_held_when_it_started_lives_as_long_as_its_stream() {
    let system = system();
    let (sender, stream) = items();
    let (puppet, mut events) = Puppet::new();
    let attach = act_now(|_, ctx| {
        ctx.attach(stream, note);
        // It takes messages again, too.
        Ok(ctx.actor_ref().try_send(note(1))?)
    });

    drop(system.spawn(puppet.on_start(attach)));

    assert_eq!(events.next().await, Event::Note(1));
    sender.send(2).unwrap();
    assert_eq!(events.next().await, Event::Note(2));
    drop(sender);
    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
}

// C7
#[tokio::test]
async fn an_attached_stream_keeps_an_unreferenced_actor_alive_until_it_ends() {
    for has_last_message in [false, true] {
        let system = system();
        let (actor, mut events) = spawn(&system);
        let (sender, stream) = items();
        inside(&actor, move |ctx| {
            if has_last_message {
                ctx.attach_with_end(stream, note, || note(3));
            } else {
                ctx.attach(stream, note);
            }
        })
        .await;
        drop(actor);

        for number in 1..3 {
            sender.send(number).unwrap();
            assert_eq!(events.next().await, Event::Note(number));
        }
        drop(sender);

        let rest = events.rest_of_notes().await;
        assert_eq!(rest, if has_last_message { vec![3] } else { vec![] });
    }
}

// C7
#[tokio::test]
async fn a_detached_stream_keeps_nobody_alive() {
    let system = system();
    let (actor, mut events) = spawn(&system);
    let (sender, stream) = items();
    let id = inside(&actor, |ctx| ctx.attach(stream, note)).await;
    sender.send(1).unwrap();
    assert_eq!(events.next().await, Event::Note(1));

    assert!(inside(&actor, move |ctx| ctx.detach(id)).await);
    drop(actor);

    assert_eq!(events.rest().await, [Event::Stopped(ExitReason::Normal)]);
    soon("the stream is dropped", sender.closed()).await;
}

// A8
#[tokio::test]
async fn after_detach_no_result_is_handled_also_when_it_was_queued_already() {
    let system = system();
    let (actor, mut events) = spawn(&system);
    let ids = inside(&actor, |ctx| {
        let (sender, stream) = items();
        sender.send(1).unwrap();
        let pipe = ctx.pipe(std::future::ready(2), note);
        let call = ctx.spawn_blocking(|| 3, note);
        vec![ctx.attach(stream, note), pipe, call]
    });
    let ids: Vec<WorkId> = ids.await;
    for _ in 0..3 {
        assert!(matches!(events.next().await, Event::Note(1..=3)));
    }
    let none = inside(&actor, move |ctx| ids.iter().any(|id| ctx.detach(*id)));
    assert!(!none.await, "all have ended");

    // The results are there when the handler goes on.
    let (tell, told) = oneshot::channel();
    let cancel = act(move |puppet, ctx| {
        Box::pin(async move {
            let (sender, stream) = items();
            sender.send(1).unwrap();
            let stream = ctx.attach(stream, note);
            let (canary, gone) = canary();
            let pipe = ctx.pipe(async move { drop(canary) }, |()| note(2));
            gone.await.ok();
            tokio::task::yield_now().await;
            assert!(ctx.detach(pipe) && ctx.detach(stream));
            assert!(!ctx.detach(pipe) && !ctx.detach(stream));
            puppet.note(4);
            tell.send(()).unwrap();
            Ok(())
        })
    });
    actor.send(cancel).await.unwrap();
    soon("the handler ends", told).await.unwrap();
    assert_eq!(actor.ask(|reply| answer(reply, 7)).await, Ok(7));

    drop(actor);
    assert_eq!(events.rest_of_notes().await, [4]);
}

/// A supervised puppet.
async fn supervised(system: &ActorSystem) -> (SupervisorRef, ActorRef<Act>, Events) {
    let (sender, events) = Events::channel();
    let (spec, child) = ChildSpec::new("child", move || Puppet::telling(&sender)).build();
    let builder = Supervisor::builder(Strategy::OneForOne).child(spec);
    (builder.start(system).await.unwrap(), child, events)
}

// D2
#[tokio::test]
async fn pipes_and_streams_of_an_old_incarnation_never_reach_the_new_one() {
    let system = system();
    let (supervisor, child, mut events) = supervised(&system).await;
    let (sender, stream) = items();
    let (canary, gone) = canary();
    let fatal = act(move |_, ctx| {
        Box::pin(async move {
            ctx.attach(stream, note);
            let (open, opened) = oneshot::channel::<()>();
            // One whose result is queued when this fails, one that would go on, one that cannot be stopped.
            ctx.pipe(async move { drop(open) }, |()| note(1));
            ctx.pipe(
                async move {
                    let _canary = canary;
                    std::future::pending::<()>().await;
                },
                |()| note(2),
            );
            opened.await.unwrap_err();
            tokio::task::yield_now().await;
            Err("as asked".into())
        })
    });
    child.send(fatal).await.unwrap();
    assert!(matches!(events.next().await, Event::Stopped(_)));

    let incarnation = inside(&child, |ctx| ctx.incarnation()).await;
    assert_eq!(incarnation, 2);
    soon("the pipe is dropped", gone).await.unwrap();
    soon("the stream is dropped", sender.closed()).await;
    child.send(note(9)).await.unwrap();

    assert_eq!(events.next().await, Event::Note(9));
    supervisor.stop();
    supervisor.wait().await;
    assert_eq!(
        events.rest().await,
        [Event::Stopped(ExitReason::Shutdown)],
        "and nothing of the old incarnation"
    );
}

// D2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_late_result_of_a_blocking_call_is_dropped() {
    let system = system();
    let (_supervisor, child, mut events) = supervised(&system).await;
    let (open, opened) = std::sync::mpsc::channel::<()>();
    let (began, begun) = oneshot::channel();
    let (canary, gone) = canary();
    inside(&child, move |ctx| {
        let call = move || {
            began.send(()).unwrap();
            opened.recv().unwrap();
            canary
        };
        ctx.spawn_blocking(call, |_| note(1));
    })
    .await;
    soon("the call begins", begun).await.unwrap();
    child.send(fail("as asked")).await.unwrap();
    assert!(matches!(events.next().await, Event::Stopped(_)));

    open.send(()).unwrap();
    soon("its result is dropped", gone).await.unwrap();
    child.send(note(2)).await.unwrap();

    assert_eq!(events.next().await, Event::Note(2));
}

// C2
#[tokio::test]
async fn stop_and_kill_end_what_runs_beside_an_actor_and_drain_does_not_wait_for_it() {
    let ways: [(Verb, ExitReason); 3] = [
        (ActorRef::stop, ExitReason::Normal),
        (ActorRef::drain, ExitReason::Normal),
        (ActorRef::kill, ExitReason::Killed),
    ];
    for (end, reason) in ways {
        let system = system();
        let (actor, _events) = spawn(&system);
        let (canary, gone) = canary();
        let (sender, stream) = items();
        inside(&actor, move |ctx| {
            ctx.attach(stream, note);
            let endless = async move {
                let _canary = canary;
                std::future::pending::<u64>().await
            };
            ctx.pipe(endless, note);
        })
        .await;

        end(&actor);

        assert_eq!(soon("the end", actor.wait()).await, reason);
        soon("the pipe is dropped", gone).await.unwrap();
        soon("the stream is dropped", sender.closed()).await;
        assert_eq!(system.live_actors(), 0);
    }
}

// C4
async fn a_panic_beside_an_actor_is_its_failure(placement: Placement) {
    let works: [fn(&mut Context<Puppet>) -> WorkId; 5] = [
        |ctx| ctx.pipe(async { panic!("beside") }, |()| note(1)),
        |ctx| ctx.pipe(async {}, |()| panic!("beside")),
        |ctx| ctx.attach(Endless, |()| panic!("beside")),
        |ctx| {
            let (_, stream) = items();
            ctx.attach_with_end(stream, note, || panic!("beside"))
        },
        |ctx| ctx.spawn_blocking(|| panic!("beside"), |()| note(1)),
    ];
    for work in works {
        let system = system();
        let (puppet, mut events) = Puppet::new();
        let actor = system.actor(puppet).placement(placement).spawn();

        inside(&actor, move |ctx| {
            work(ctx);
        })
        .await;

        let reason = soon("it fails", actor.wait()).await;
        assert!(
            matches!(&reason, ExitReason::Panicked { text, location: Some(_) } if text == "beside"),
            "{reason}"
        );
        assert_eq!(events.rest().await, [Event::Stopped(reason)]);
    }
}

// B3
#[tokio::test]
async fn a_reply_that_a_pipe_holds_resolves_by_how_the_pipe_ends() {
    let system = system();
    let holding = |how: u64| {
        move |reply: Reply<u64>| {
            act_now(move |_, ctx| {
                let held = async move {
                    match how {
                        0 => reply.send(5),
                        1 => drop(reply),
                        2 => {
                            let _reply = reply;
                            panic!("beside");
                        }
                        _ => {
                            let _reply = reply;
                            std::future::pending::<()>().await;
                        }
                    }
                };
                ctx.pipe(held, |()| note(1));
                Ok(())
            })
        }
    };
    let (actor, _events) = spawn(&system);

    assert_eq!(actor.ask(holding(0)).await, Ok(5));
    assert_eq!(actor.ask(holding(1)).await, Err(AskError::NoReply));
    let (asked, ()) = tokio::join!(actor.ask(holding(3)), async {
        // Behind the request, and ended by it.
        actor.send(fail("as asked")).await.unwrap();
    });
    assert!(matches!(asked, Err(AskError::Failed { .. })), "{asked:?}");

    let (actor, _events) = spawn(&system);
    let panicked = actor.ask(holding(2)).await;
    assert!(
        matches!(
            &panicked,
            Err(AskError::Failed {
                reason: ExitReason::Panicked { .. }
            })
        ),
        "{panicked:?}"
    );

    let (actor, _events) = spawn(&system);
    let (asked, ()) = tokio::join!(actor.ask(holding(3)), async {
        actor
            .send(act_now(|_, ctx| {
                ctx.stop();
                Ok(())
            }))
            .await
            .unwrap();
    });
    assert!(
        matches!(
            &asked,
            Err(AskError::Stopped {
                reason: ExitReason::Normal,
                begun: true
            })
        ),
        "{asked:?}"
    );
}
