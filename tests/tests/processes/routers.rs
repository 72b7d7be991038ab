//! P11 for workers in processes, and mixed with tasks and threads.

use actor_core::prelude::*;
use actor_core::{ChildBuilder, ChildSpec};
use actor_pool::{Router, RoutingPolicy, WorkerId};
use actor_remote::Node;
use rustix::process::Signal as Sig;
use tests::soon;
use tests::workers::{Rig, RigArgs, RigMsg, registry};

use crate::bench::{Heard, LONG, Listener, ask_aside, door, signal, worker};

/// Workers in processes, on threads and as tasks, in this order.
fn mixed(id: WorkerId) -> ChildBuilder<RigMsg> {
    let node = Node::new(registry());
    let here = || Rig::new(RigArgs::Works);
    match id.number() % 3 {
        1 => worker(&node, &id.to_string(), RigArgs::Works)
            .window(1)
            .child(),
        2 => ChildSpec::new(id, here).placement(Placement::Thread),
        _ => ChildSpec::new(id, here),
    }
}

fn in_processes(id: WorkerId) -> ChildBuilder<RigMsg> {
    let node = Node::new(registry());
    worker(&node, &id.to_string(), RigArgs::Works)
        .window(1)
        .child()
}

fn key(message: &RigMsg) -> u64 {
    match message {
        RigMsg::Echo(number, _) | RigMsg::SayIfYouCan(_, number) => *number,
        _ => 0,
    }
}

fn policies() -> Vec<RoutingPolicy<RigMsg>> {
    vec![
        RoutingPolicy::round_robin(),
        RoutingPolicy::random(),
        RoutingPolicy::least_loaded(),
        RoutingPolicy::consistent_hash(key),
        RoutingPolicy::shared_queue(),
    ]
}

// P11, E16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_threads_and_processes_work_behind_one_reference() {
    for policy in policies() {
        let system = ActorSystem::new("bench");
        let router = Router::builder(policy, mixed).workers(3);
        let router = router.start(&system).await.unwrap();
        let actor = router.actor_ref();

        let asks: Vec<_> = (0..60)
            .map(|number| ask_aside(&actor, move |reply| RigMsg::Echo(number, reply)))
            .collect();
        for (number, answer) in (0..60).zip(asks) {
            assert_eq!(soon("an answer", answer).await.unwrap().unwrap(), number);
        }

        assert_eq!(router.shutdown(LONG).await, ExitReason::Normal);
        assert_eq!(system.dead_letter_count(), 0);
    }
}

// P11
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn round_robin_takes_processes_in_turn_with_the_others() {
    let system = ActorSystem::new("bench");
    let router = Router::builder(RoutingPolicy::round_robin(), mixed).workers(3);
    let router = router.start(&system).await.unwrap();

    let mut pids = Vec::new();
    for _ in 0..6 {
        pids.push(
            router
                .actor_ref()
                .ask_within(LONG, RigMsg::Pid)
                .await
                .unwrap(),
        );
    }

    let own = std::process::id();
    assert_ne!(pids[0], own);
    assert_eq!(pids, [pids[0], own, own, pids[0], own, own]);
    router.shutdown(LONG).await;
}

// P11: at most one message waits behind the one in the hands of a process, with a window of one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_queue_goes_on_beside_a_process_that_is_slow() {
    let system = ActorSystem::new("bench");
    let (door, mut knocks) = door(&system);
    let only_first = |id: WorkerId| match id.number() {
        1 => in_processes(id),
        _ => ChildSpec::new(id, || Rig::new(RigArgs::Works)),
    };
    let router = Router::builder(RoutingPolicy::shared_queue(), only_first).workers(1);
    let router = router.start(&system).await.unwrap();
    let actor = router.actor_ref();
    let slow = ask_aside(&actor, |reply| RigMsg::KnockAndAnswer(door, reply));
    let knock = knocks.next().await;
    router.add_worker().await.unwrap();

    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..50 {
        let (actor, tell) = (actor.clone(), tell.clone());
        tokio::spawn(async move {
            let echo = actor.ask_within(LONG, |reply| RigMsg::Echo(number, reply));
            tell.send(echo.await.unwrap()).ok();
        });
    }

    for _ in 0..49 {
        soon("an answer", told.recv()).await.unwrap();
    }
    assert!(!slow.is_finished());
    knock.send(());
    soon("an answer", told.recv()).await.unwrap();
    assert_eq!(soon("an answer", slow).await.unwrap().unwrap(), 1);
    router.shutdown(LONG).await;
}

// P11: a process that is removed handles what it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_processes_come_and_go() {
    for policy in policies() {
        let name = format!("{policy:?}");
        let system = ActorSystem::new("bench");
        let router = Router::builder(policy, in_processes).workers(1);
        let router = router.start(&system).await.unwrap();
        let (ear, mut heard) = Listener::new(&system);
        let feeding = tokio::spawn({
            let (actor, ear) = (router.actor_ref(), ear.clone());
            async move {
                for number in 0..200 {
                    // The keys are 1, 2 and 3, and so are the numbers of messages that come of it.
                    let message = RigMsg::SayIfYouCan(ear.clone(), number % 3 + 1);
                    actor.send(message).await.unwrap();
                }
            }
        });

        soon("the change", router.resize(3)).await.unwrap();
        soon("the change", router.resize(1)).await.unwrap();

        soon("all are sent", feeding).await.unwrap();
        assert_eq!(router.shutdown(LONG).await, ExitReason::Normal, "{name}");
        let expected: u64 = (0..200_u64).map(|number| number % 3 + 1).sum();
        for _ in 0..expected {
            assert!(matches!(heard.next().await, Heard::Number(_)), "{name}");
        }
        assert!(heard.is_quiet(), "{name}");
        assert_eq!(system.dead_letter_count(), 0, "{name}");
    }
}

// P11, R2: death under load. Each ask resolves, and what was not in the hands of the process or on its way there is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_under_load_takes_only_what_it_had_with_it() {
    for policy in policies() {
        let name = format!("{policy:?}");
        let system = ActorSystem::new("bench");
        let router = Router::builder(policy, in_processes).workers(2);
        let router = router.start(&system).await.unwrap();
        let actor = router.actor_ref();
        let pid = soon("a pid", actor.ask_within(LONG, RigMsg::Pid))
            .await
            .unwrap();
        let asks: Vec<_> = (0..200)
            .map(|number| ask_aside(&actor, move |reply| RigMsg::Echo(number, reply)))
            .collect();

        signal(pid, Sig::KILL);

        let mut lost = 0;
        for (number, ask) in (0..200).zip(asks) {
            match soon("an answer", ask).await.unwrap() {
                Ok(echo) => assert_eq!(echo, number),
                Err(error) => {
                    assert!(error.may_have_run(), "{name}: {error:?}");
                    lost += 1;
                }
            }
        }
        assert!(
            lost <= 2,
            "{name}: the one in hand and the window, not {lost}"
        );
        let replaced = async {
            while router
                .workers()
                .iter()
                .map(|worker| worker.restarts)
                .sum::<u32>()
                == 0
            {
                tokio::task::yield_now().await;
            }
        };
        soon("its replacement", replaced).await;
        assert_eq!(router.shutdown(LONG).await, ExitReason::Normal);
    }
}
