//! What the process tests share: a supervised worker process, actors of the test that tell what they hear, and signals.

use std::sync::{Arc, Mutex};

use actor_core::ChildBuilder;
use actor_core::prelude::*;
use actor_remote::{Node, PidWatch, WorkerBuilder};
use rustix::process::{Pid, Signal as Sig, WaitId, WaitIdOptions, kill_process, waitid};
use tests::soon;
use tests::workers::{Door, DoorMsg, RIG, RigArgs, RigMsg, registry};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The program that the tests start as workers.
pub(crate) const WORKER: &str = env!("CARGO_BIN_EXE_test-worker");

/// An ask that nothing but its answer or a loss ends within a test.
pub(crate) const LONG: Duration = Duration::from_secs(1000);

/// A rig in a process of its own, under a supervisor.
pub(crate) struct Bench {
    pub(crate) system: ActorSystem,
    pub(crate) node: Node,
    pub(crate) sup: SupervisorRef,
    pub(crate) rig: ActorRef<RigMsg>,
    pub(crate) pid: PidWatch,
}

/// The builder of a rig.
pub(crate) fn worker(node: &Node, id: &str, args: RigArgs) -> WorkerBuilder<RigMsg> {
    node.worker(id, RIG, args).unwrap().binary(WORKER)
}

impl Bench {
    /// A rig that is restarted often enough, with 64 messages in its window.
    pub(crate) async fn new() -> Self {
        Self::with(RigArgs::Works, |worker| worker, |child| child).await
    }

    /// A rig that is not restarted.
    pub(crate) async fn temporary() -> Self {
        let temporary = |child: ChildBuilder<RigMsg>| child.restart(Restart::Temporary);
        Self::with(RigArgs::Works, |worker| worker, temporary).await
    }

    pub(crate) async fn with(
        args: RigArgs,
        worker: impl FnOnce(WorkerBuilder<RigMsg>) -> WorkerBuilder<RigMsg>,
        child: impl FnOnce(ChildBuilder<RigMsg>) -> ChildBuilder<RigMsg>,
    ) -> Self {
        let system = ActorSystem::new("bench");
        let node = Node::new(registry());
        let built = worker(self::worker(&node, "rig", args));
        let pid = built.pid();
        let (spec, rig) = child(built.child()).build();
        let sup = Supervisor::builder(Strategy::OneForOne)
            .intensity(100, Duration::from_secs(3600))
            .child(spec)
            .start(&system)
            .await
            .unwrap();
        Bench {
            system,
            node,
            sup,
            rig,
            pid,
        }
    }

    /// The process of the present incarnation, as it says itself: so it is up.
    pub(crate) async fn ask_pid(&self) -> u32 {
        soon("the pid", self.rig.ask_within(LONG, RigMsg::Pid))
            .await
            .unwrap()
    }

    /// Waits until another process than this one answers.
    pub(crate) async fn restarted(&self, old: u32) -> u32 {
        loop {
            match soon("a restart", self.rig.ask_within(LONG, RigMsg::Pid)).await {
                Ok(pid) if pid != old => return pid,
                // It was under way to the old one, or in its mailbox.
                Ok(_) | Err(AskError::Disconnected { .. } | AskError::Stopped { .. }) => {
                    tokio::task::yield_now().await;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }

    /// Stops the supervisor and waits for it.
    pub(crate) async fn end(&self) {
        self.sup.stop();
        let ended = soon("the end of the supervisor", self.sup.wait()).await;
        assert_eq!(ended, ExitReason::Normal);
    }
}

/// Asks from a task of its own.
pub(crate) fn ask_aside<T: Send + 'static>(
    actor: &ActorRef<RigMsg>,
    message: impl FnOnce(Reply<T>) -> RigMsg + Send + 'static,
) -> tokio::task::JoinHandle<Result<T, AskError>> {
    let actor = actor.clone();
    tokio::spawn(async move { actor.ask_within(LONG, message).await })
}

/// What an [`Ear`] hears.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Number(u64),
    Down(ExitReason),
    Stopped,
}

/// An actor of the test.
pub(crate) struct Ear {
    tell: tokio::sync::mpsc::UnboundedSender<Heard>,
    to_watch: Watched,
}

type Watched = Arc<Mutex<Vec<(AnyActorRef, Reply<()>)>>>;

impl Actor for Ear {
    type Msg = u64;

    async fn handle(&mut self, number: u64, ctx: &mut Context<Self>) -> ActorResult {
        let to_watch = std::mem::take(&mut *self.to_watch.lock().unwrap());
        if to_watch.is_empty() {
            self.tell.send(Heard::Number(number))?;
        }
        for (target, done) in to_watch {
            ctx.monitor(&target);
            done.send(());
        }
        Ok(())
    }

    async fn signal(&mut self, signal: Signal, _ctx: &mut Context<Self>) -> ActorResult {
        if let Signal::Down(down) = signal {
            self.tell.send(Heard::Down(down.reason))?;
        }
        Ok(())
    }

    async fn stopped(&mut self, _reason: &ExitReason, _ctx: &mut Context<Self>) {
        self.tell.send(Heard::Stopped).ok();
    }
}

/// The test's end of an ear.
pub(crate) struct Listener {
    heard: UnboundedReceiver<Heard>,
    to_watch: Watched,
}

impl Listener {
    pub(crate) fn new(system: &ActorSystem) -> (ActorRef<u64>, Self) {
        let (tell, heard) = unbounded_channel();
        let to_watch = Watched::default();
        let ear = Ear {
            tell,
            to_watch: Arc::clone(&to_watch),
        };
        (system.spawn(ear), Listener { heard, to_watch })
    }

    #[track_caller]
    pub(crate) fn next(&mut self) -> impl Future<Output = Heard> {
        let next = soon("something to hear", self.heard.recv());
        async move { next.await.expect("the ear lives") }
    }

    /// Whether nothing was heard that was not looked at.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.heard.try_recv().is_err()
    }

    /// Has the ear set a monitor; completes when it is set.
    pub(crate) async fn watch(&self, ear: &ActorRef<u64>, target: &AnyActorRef) {
        let to_watch = Arc::clone(&self.to_watch);
        let target = target.clone();
        ear.ask(move |done| {
            to_watch.lock().unwrap().push((target, done));
            0
        })
        .await
        .unwrap();
    }
}

/// A door, and who knocks.
pub(crate) fn door(system: &ActorSystem) -> (ActorRef<DoorMsg>, Knocks) {
    let (knocks, receiver) = unbounded_channel();
    (system.spawn(Door { knocks }), Knocks(receiver))
}

pub(crate) struct Knocks(UnboundedReceiver<Reply<()>>);

impl Knocks {
    /// Waits until somebody knocks. Sending the reply lets it in.
    #[track_caller]
    pub(crate) fn next(&mut self) -> impl Future<Output = Reply<()>> {
        let next = soon("a knock", self.0.recv());
        async move { next.await.expect("the door stands") }
    }
}

fn as_pid(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

/// Sends a signal to a process that is there.
pub(crate) fn signal(pid: u32, signal: Sig) {
    kill_process(as_pid(pid), signal).unwrap();
}

/// Stops a worker of this process; completes when all its threads have stopped.
pub(crate) async fn freeze(pid: u32) {
    signal(pid, Sig::STOP);
    let stopped = tokio::task::spawn_blocking(move || {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(as_pid(pid)), options)
    });
    soon("the stop of a process", stopped)
        .await
        .unwrap()
        .unwrap();
}

/// Completes when a process is there no more, not even as a zombie.
pub(crate) async fn vanished(pid: u32) {
    let path = format!("/proc/{pid}");
    let gone = async {
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        while std::path::Path::new(&path).exists() {
            tick.tick().await;
        }
    };
    soon("the end of a process", gone).await;
}

/// The letters that came so far.
pub(crate) fn letters(office: &mut actor_core::DeadLetters) -> Vec<actor_core::DeadLetter> {
    std::iter::from_fn(|| office.try_recv()).collect()
}
