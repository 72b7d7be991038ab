//! What is begun and ended very often.

use std::time::Duration;

use actor_core::prelude::*;
use actor_core::testing::{Simulation, TestSystem};
use actor_core::{Backoff, Delivery, MonitorId, TopicPolicy};
use tests::poll_once;

const HOUR: Duration = Duration::from_secs(3600);

/// Does what its messages say, at once.
#[derive(Default)]
struct Worker {
    kept: Vec<Reply<u64>>,
    downs: Option<(u64, Reply<u64>)>,
}

enum Task {
    Add,
    Echo(u64, Reply<u64>),
    Keep(Reply<u64>),
    LetGo(Reply<u64>),
    SetTimers(u64, Reply<u64>),
    SetMonitors(u64, AnyActorRef, Reply<u64>),
    MonitorDying(u64, Reply<u64>),
    SetLinks(u64, AnyActorRef, Reply<u64>),
    SpawnChildren(u64, Reply<u64>),
    Fail,
}

impl Actor for Worker {
    type Msg = Task;

    async fn handle(&mut self, task: Task, ctx: &mut Context<Self>) -> ActorResult {
        match task {
            Task::Add => {}
            Task::Echo(number, reply) => reply.send(number),
            Task::Keep(reply) => self.kept.push(reply),
            Task::LetGo(reply) => {
                self.kept.clear();
                reply.send(0);
            }
            Task::SetTimers(count, reply) => {
                for number in 0..count {
                    ctx.send_after(number, HOUR, Task::Add);
                    // The same key replaces.
                    ctx.send_after(number, HOUR, Task::Add);
                    ctx.cancel_timer(number);
                }
                ctx.send_after("due", Duration::ZERO, Task::Echo(count, reply));
            }
            Task::SetMonitors(count, target, reply) => {
                for _ in 0..count {
                    let id: MonitorId = ctx.monitor(&target);
                    ctx.demonitor(id);
                }
                reply.send(count);
            }
            Task::MonitorDying(count, reply) => {
                for _ in 0..count {
                    let dying = ctx.system().spawn(Worker::default());
                    ctx.monitor(&dying.any());
                }
                self.downs = Some((count, reply));
            }
            Task::SetLinks(count, target, reply) => {
                for _ in 0..count {
                    ctx.link(&target);
                    ctx.unlink(&target);
                }
                reply.send(count);
            }
            Task::SpawnChildren(count, reply) => {
                for _ in 0..count {
                    // Its reference goes with this line, so it drains and stops by its own.
                    let child = ctx.spawn(Worker::default());
                    child.send(Task::Add).await?;
                    child.stop();
                    child.wait().await;
                }
                reply.send(count);
            }
            Task::Fail => return Err("as told".into()),
        }
        Ok(())
    }

    async fn signal(&mut self, _: Signal, _: &mut Context<Self>) -> ActorResult {
        if let Some((left, _)) = &mut self.downs {
            *left -= 1;
        }
        if let Some((_, reply)) = self.downs.take_if(|(left, _)| *left == 0) {
            reply.send(0);
        }
        Ok(())
    }
}

/// Cycles in portions of a hundred, so that one ask covers many of them.
async fn by_hundreds(count: u64, mut run: impl AsyncFnMut(u64)) {
    for _ in 0..count.div_ceil(100) {
        run(100).await;
    }
}

pub(crate) async fn spawn_and_stop(system: &ActorSystem, count: u64) {
    for _ in 0..count {
        let actor = system.spawn(Worker::default());
        actor.send(Task::Add).await.unwrap();
        actor.stop();
        actor.wait().await;
    }
}

pub(crate) async fn spawn_and_let_go(system: &ActorSystem, count: u64) {
    by_hundreds(count, async |portion| {
        for _ in 0..portion {
            drop(system.spawn(Worker::default()));
        }
        while system.live_actors() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

pub(crate) async fn ask(system: &ActorSystem, count: u64) {
    let actor = system.spawn(Worker::default());
    for number in 0..count {
        let echoed = actor.ask(|reply| Task::Echo(number, reply)).await;
        assert_eq!(echoed, Ok(number));
    }
}

pub(crate) async fn give_asks_up(system: &ActorSystem, count: u64) {
    let actor = system.spawn(Worker::default());
    by_hundreds(count, async |portion| {
        for _ in 0..portion {
            let mut asking = Box::pin(actor.ask(Task::Keep));
            assert!(poll_once(&mut asking).is_none());
        }
        actor.ask(Task::LetGo).await.unwrap();
    })
    .await;
}

pub(crate) async fn wait_for_room(system: &ActorSystem, count: u64) {
    let actor = system.actor(Worker::default()).mailbox(Mailbox::bounded(1));
    let actor = actor.spawn();
    for _ in 0..count {
        drop(actor.try_send(Task::Add));
        let mut sending = actor.send(Task::Add);
        drop(poll_once(&mut sending));
        drop(sending);
        actor.send(Task::Add).await.unwrap();
    }
}

pub(crate) async fn set_timers(system: &ActorSystem, count: u64) {
    let actor = system.spawn(Worker::default());
    by_hundreds(count, async |portion| {
        let set = actor.ask(|reply| Task::SetTimers(portion, reply));
        set.await.unwrap();
    })
    .await;
}

pub(crate) async fn set_monitors(system: &ActorSystem, count: u64) {
    let actor = system.spawn(Worker::default());
    let target = system.spawn(Worker::default());
    by_hundreds(count, async |portion| {
        let set = actor.ask(|reply| Task::SetMonitors(portion, target.any(), reply));
        set.await.unwrap();
        let downs = actor.ask(|reply| Task::MonitorDying(portion / 10, reply));
        downs.await.unwrap();
    })
    .await;
}

pub(crate) async fn set_links(system: &ActorSystem, count: u64) {
    let actor = system.spawn(Worker::default());
    let target = system.spawn(Worker::default());
    by_hundreds(count, async |portion| {
        let set = actor.ask(|reply| Task::SetLinks(portion, target.any(), reply));
        set.await.unwrap();
    })
    .await;
}

pub(crate) async fn join_groups(system: &ActorSystem, count: u64) {
    let staying = system.spawn(Worker::default());
    for number in 0..count {
        // Sometimes one of its own, which goes with its members.
        let name = format!("group {}", number % 1_000);
        let group = system.group::<Task>(&name).unwrap();
        group.join(&staying).unwrap();
        if number % 10 == 0 {
            let dying = system.spawn(Worker::default());
            group.join(&dying).unwrap();
            dying.stop();
            dying.wait().await;
        }
        assert!(group.leave(&staying));
    }
}

pub(crate) async fn subscribe(system: &ActorSystem, count: u64) {
    let actor = system.spawn(Worker::default());
    for number in 0..count {
        let name = format!("topic {}", number % 1_000);
        let topic = system.topic::<u64>(&name).unwrap();
        let mut subscription = topic.subscribe(4, TopicPolicy::DropOldest);
        let policy = TopicPolicy::DropNewest;
        let map = |_: Delivery<u64>| Task::Add;
        let actors = topic.subscribe_actor(&actor, 4, policy, map).unwrap();
        topic.publish(number);
        assert_eq!(subscription.recv().await, Some(Delivery::Item(number)));
        drop((subscription, actors));
        // What carried the items to the actor ends by itself; a crowd of those that have yet to do so is no leak.
        while tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
            > 32
        {
            tokio::task::yield_now().await;
        }
    }
}

pub(crate) async fn take_names(system: &ActorSystem, count: u64) {
    for number in 0..count {
        let name = format!("worker {number}");
        let actor = system.start_named(&name, Worker::default()).await.unwrap();
        drop(actor);
        let actor = system.lookup::<Task>(&name).unwrap();
        actor.stop();
        actor.wait().await;
        assert!(system.lookup_any(&name).is_none());
    }
}

/// What a supervisor remembers of its children's failures is bounded by its intensity and its period; so is this test.
fn tolerant() -> actor_core::SupervisorBuilder {
    Supervisor::builder(Strategy::OneForOne).intensity(u32::MAX, Duration::from_micros(1))
}

pub(crate) async fn restart(system: &ActorSystem, count: u64) {
    let (spec, child) = ChildSpec::new("child", Worker::default).build();
    let supervisor = tolerant().child(spec).start(system).await.unwrap();
    for number in 0..count {
        child.send(Task::Fail).await.unwrap();
        // Waits in the mailbox over the restart.
        let echoed = child.ask(|reply| Task::Echo(number, reply)).await;
        assert_eq!(echoed, Ok(number));
    }
    supervisor.stop();
    supervisor.wait().await;
}

pub(crate) async fn start_children(system: &ActorSystem, count: u64) {
    let supervisor = tolerant().start(system).await.unwrap();
    for number in 0..count {
        let id = number.to_string();
        let (spec, child) = ChildSpec::new(&id, Worker::default).build();
        supervisor.start_child(spec).await.unwrap();
        child.send(Task::Add).await.unwrap();
        supervisor.terminate_child(&id).await.unwrap();
        supervisor.delete_child(&id).await.unwrap();
    }
    supervisor.stop();
    supervisor.wait().await;
}

pub(crate) async fn spawn_children(system: &ActorSystem, count: u64) {
    let parent = system.spawn(Worker::default());
    by_hundreds(count, async |portion| {
        let spawned = parent.ask(|reply| Task::SpawnChildren(portion, reply));
        spawned.await.unwrap();
    })
    .await;
}

/// Each simulation ends in the midst of everything: actors live, timers are set, a child waits for its restart, asks are open.
pub(crate) async fn simulate(_: &ActorSystem, count: u64) {
    let body = |system: TestSystem| async move {
        let backoff = Backoff::constant(HOUR);
        let (spec, child) = ChildSpec::new("child", Worker::default)
            .backoff(backoff)
            .build();
        tolerant().child(spec).start(&system).await.unwrap();
        system.expect_failure(&child);
        child.send(Task::Fail).await.unwrap();
        let worker = system
            .start_named("worker", Worker::default())
            .await
            .unwrap();
        let asked = worker.ask(|reply| Task::SetTimers(2, reply)).await;
        asked.unwrap();
        worker
            .ask(|reply| Task::SpawnChildren(2, reply))
            .await
            .unwrap();
        let mut asking = Box::pin(worker.ask(Task::Keep));
        assert!(poll_once(&mut asking).is_none());
        system.settle().await;
    };
    let run = move || {
        Simulation::new()
            .seeds(0..count.div_ceil(50), body)
            .unwrap()
    };
    // It has a runtime of its own.
    std::thread::scope(|scope| scope.spawn(run).join()).unwrap();
}
