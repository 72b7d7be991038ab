//! Who plays in the scenarios: actors that do what their messages say and write down what happens to them.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use actor_core::prelude::*;
use actor_core::{ActorId, ChildBuilder};

/// What happened, in the order in which it did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    pub(crate) fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// What was noted since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    pub(crate) fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|noted| *noted == line).count()
    }

    pub(crate) fn has(&self, line: &str) -> bool {
        self.count(line) > 0
    }

    /// Where the only such line stands.
    #[track_caller]
    pub(crate) fn place(&self, line: &str) -> usize {
        let lines = self.lines();
        assert_eq!(self.count(line), 1, "{line:?} in {lines:#?}");
        lines.iter().position(|noted| noted == line).unwrap()
    }
}

/// Others may have a turn.
pub(crate) async fn turn() {
    let mut is_second = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut is_second, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Others may have so many turns.
pub(crate) async fn turns(count: u64) {
    for _ in 0..count {
        turn().await;
    }
}

pub(crate) fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

type Doing<'a> = Pin<Box<dyn Future<Output = ActorResult> + Send + 'a>>;
type Deed = dyn for<'a> FnOnce(&'a mut Player, &'a mut Context<Player>) -> Doing<'a> + Send;

/// Something to do.
pub(crate) struct Act(Box<Deed>);

/// Something to do that may wait.
pub(crate) fn act<F>(deed: F) -> Act
where
    F: for<'a> FnOnce(&'a mut Player, &'a mut Context<Player>) -> Doing<'a> + Send + 'static,
{
    Act(Box::new(deed))
}

/// Something to do at once.
pub(crate) fn act_now<F>(deed: F) -> Act
where
    F: FnOnce(&mut Player, &mut Context<Player>) + Send + 'static,
{
    act(move |player, ctx| {
        deed(player, ctx);
        Box::pin(async { Ok(()) })
    })
}

/// Writes `"<name> <n>"`.
pub(crate) fn note(n: u64) -> Act {
    act_now(move |player, _| player.note(&n.to_string()))
}

/// Waits for so many turns, and then writes `"<name> <n>"`.
pub(crate) fn note_after(count: u64, n: u64) -> Act {
    act(move |player, _| {
        Box::pin(async move {
            turns(count).await;
            player.note(&n.to_string());
            Ok(())
        })
    })
}

/// Waits for so much virtual time.
pub(crate) fn rest(time: Duration) -> Act {
    act(move |_, _| {
        Box::pin(async move {
            tokio::time::sleep(time).await;
            Ok(())
        })
    })
}

pub(crate) fn fail() -> Act {
    act(|_, _| Box::pin(async { Err("told to fail".into()) }))
}

pub(crate) fn stop() -> Act {
    act_now(|_, ctx| ctx.stop())
}

pub(crate) fn answer(n: u64, reply: Reply<u64>) -> Act {
    act_now(move |_, _| reply.send(n))
}

pub(crate) fn keep(reply: Reply<u64>) -> Act {
    act_now(move |player, _| player.kept.push(reply))
}

/// How a start goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Go,
    Fail,
    Hang,
}

type Plan = Arc<dyn Fn(u32) -> Start + Send + Sync>;

/// Writes `"<name> starts"`, `"<name> started"`, `"<name> stopped"` and what it is told.
pub(crate) struct Player {
    pub(crate) name: &'static str,
    pub(crate) diary: Diary,
    pub(crate) kept: Vec<Reply<u64>>,
    pub(crate) signals: Vec<Signal>,
    plan: Plan,
    on_signal: Option<fn(&Signal, &mut Player, &mut Context<Player>)>,
    slow_stop: Duration,
}

impl Player {
    pub(crate) fn new(name: &'static str, diary: &Diary) -> Self {
        Player {
            name,
            diary: diary.clone(),
            kept: Vec::new(),
            signals: Vec::new(),
            plan: Arc::new(|_| Start::Go),
            on_signal: None,
            slow_stop: Duration::ZERO,
        }
    }

    /// How the start of each incarnation goes.
    pub(crate) fn plan(mut self, plan: impl Fn(u32) -> Start + Send + Sync + 'static) -> Self {
        self.plan = Arc::new(plan);
        self
    }

    pub(crate) fn on_signal(
        mut self,
        deed: fn(&Signal, &mut Player, &mut Context<Player>),
    ) -> Self {
        self.on_signal = Some(deed);
        self
    }

    /// How long `stopped` takes.
    pub(crate) fn slow_stop(mut self, time: Duration) -> Self {
        self.slow_stop = time;
        self
    }

    pub(crate) fn note(&self, what: &str) {
        self.diary.note(format!("{} {what}", self.name));
    }

    /// The specification of a child.
    pub(crate) fn child(name: &'static str, diary: &Diary) -> ChildBuilder<Act> {
        Player::child_with(name, diary, |player| player)
    }

    /// The specification of a child that is made in a certain way.
    pub(crate) fn child_with(
        name: &'static str,
        diary: &Diary,
        make: impl Fn(Player) -> Player + Send + Sync + 'static,
    ) -> ChildBuilder<Act> {
        let diary = diary.clone();
        ChildSpec::new(name, move || make(Player::new(name, &diary)))
    }
}

impl Actor for Player {
    type Msg = Act;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        self.note("starts");
        turn().await;
        match (self.plan)(ctx.incarnation()) {
            Start::Go => {}
            Start::Fail => return Err("told not to start".into()),
            Start::Hang => std::future::pending().await,
        }
        self.note("started");
        Ok(())
    }

    async fn handle(&mut self, act: Act, ctx: &mut Context<Self>) -> ActorResult {
        (act.0)(self, ctx).await
    }

    async fn signal(&mut self, signal: Signal, ctx: &mut Context<Self>) -> ActorResult {
        if let Some(deed) = self.on_signal {
            deed(&signal, self, ctx);
        }
        self.signals.push(signal);
        Ok(())
    }

    async fn stopped(&mut self, _reason: &ExitReason, _ctx: &mut Context<Self>) {
        tokio::time::sleep(self.slow_stop).await;
        turn().await;
        self.note("stopped");
    }
}

/// The numbers of the messages that it handled, in order, by sender.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<Vec<(usize, u64)>>>);

impl Ledger {
    pub(crate) fn enter(&self, sender: usize, n: u64) {
        self.0.lock().unwrap().push((sender, n));
    }

    pub(crate) fn all(&self) -> Vec<(usize, u64)> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn of(&self, sender: usize) -> Vec<u64> {
        let all = self.all();
        let own = all.iter().filter(|(who, _)| *who == sender);
        own.map(|(_, n)| *n).collect()
    }
}

/// Enters what it is sent, after some turns.
pub(crate) struct Clerk {
    pub(crate) ledger: Ledger,
    pub(crate) slowness: u64,
}

impl Actor for Clerk {
    type Msg = (usize, u64);

    async fn handle(&mut self, (sender, n): (usize, u64), _: &mut Context<Self>) -> ActorResult {
        self.ledger.enter(sender, n);
        turns(self.slowness).await;
        Ok(())
    }
}

/// Runs a piece of a scenario beside the others, as an actor.
pub(crate) struct Extra<F>(Option<F>);

impl<F> Actor for Extra<F>
where
    F: Future<Output = ()> + Send + 'static,
{
    type Msg = ();

    async fn handle(&mut self, (): (), ctx: &mut Context<Self>) -> ActorResult {
        if let Some(piece) = self.0.take() {
            piece.await;
        }
        ctx.stop();
        Ok(())
    }
}

/// Plays a piece beside the others; to wait for it is to see its end.
pub(crate) fn beside<F>(system: &ActorSystem, piece: F) -> ActorRef<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let extra = system.spawn(Extra(Some(piece)));
    extra.try_send(()).expect("it lives");
    extra
}

/// How many dead letters an actor has.
pub(crate) fn letters(system: &actor_core::testing::TestSystem, actor: ActorId) -> usize {
    let all = system.dead_letters();
    all.iter().filter(|letter| letter.target == actor).count()
}
