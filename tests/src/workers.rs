//! The actors that the tests run in worker processes, and the registry that both sides build.

use actor_core::prelude::*;
use actor_remote::{Factory, Registry};
use serde::{Deserialize, Serialize};

use crate::ledger::{LEDGER, Ledger};

/// What the test worker's root is sent.
#[derive(Debug, Serialize, Deserialize)]
pub enum RigMsg {
    /// Adds to its total.
    Add(u64),
    /// Its total.
    Total(Reply<u64>),
    /// Its process.
    Pid(Reply<u32>),
    /// Writes down a number.
    Note(u64),
    /// What was written down by this incarnation.
    Notes(Reply<Vec<u64>>),
    /// Answers with the number.
    Echo(u64, Reply<u64>),
    /// Never answers; the reply is kept.
    Keep(Reply<u32>),
    /// Tells the listener whether the asker of the first kept reply still waits: 1 if it does not, else 0.
    IsClosed(ActorRef<u64>),
    /// Answers what was kept with this number.
    AnswerKept(u32),
    /// Waits at the door until it is opened; then answers, if there is an answer to give.
    Knock(ActorRef<DoorMsg>),
    /// The same, and answers only then.
    KnockAndAnswer(ActorRef<DoorMsg>, Reply<u32>),
    /// Fails with the reply in hand.
    FailAsked(String, Reply<u32>),
    /// Panics with the reply in hand.
    PanicAsked(String, Reply<u32>),
    /// Kills its own process with this signal, with the reply in hand.
    DieAsked(i32, Reply<u32>),
    /// Ends normally with the reply kept.
    StopAsked(Reply<u32>),
    /// Drops the reply.
    Drop(Reply<u32>),
    /// Answers with so many bytes.
    Bytes(usize, Reply<Vec<u8>>),
    /// So many bytes, to be counted.
    Take(Vec<u8>),
    /// Sends each of these numbers to the listener, then answers.
    Feed(ActorRef<u64>, u64, Reply<()>),
    /// Sends so many numbers to the listener, as long as it takes them.
    SayIfYouCan(ActorRef<u64>, u64),
    /// Sends so many numbers to the listener, for which nobody needs to wait, and ends.
    SayAllAndStop(ActorRef<u64>, u64),
    /// Its own reference.
    Own(Reply<ActorRef<RigMsg>>),
    /// Whether this is its own reference.
    IsMe(ActorRef<RigMsg>, Reply<bool>),
    /// Keeps a reference to the listener.
    Hold(ActorRef<u64>),
    /// Lets go of what it holds.
    LetGo,
    /// A reference to an actor of the worker that counts what it is sent and ends at zero.
    Lend(Reply<ActorRef<u64>>),
    /// A reference to an actor of the worker that repeats to the listener what it is sent, ends at zero and fails at `u64::MAX`.
    LendRepeater(ActorRef<u64>, Reply<ActorRef<u64>>),
    /// The same reference again, of the last one lent; no answer if it has ended.
    LendAgain(Reply<ActorRef<u64>>),
    /// Whether the last one lent has ended.
    IsLentOver(Reply<bool>),
    /// Completes when the last one lent has ended; the rig keeps no reference to it.
    AwaitLent(Reply<ExitReason>),
    /// Kills its process right behind a message to the listener.
    SayAndStop(ActorRef<u64>, u64),
    /// A reference whose message type has no name.
    LendNameless(Reply<ActorRef<Nameless>>),
    /// Whether both references are the same.
    AreSame(ActorRef<u64>, ActorRef<u64>, Reply<bool>),
    /// Whether this is the reference that is held.
    IsHeld(ActorRef<u64>, Reply<bool>),
    /// Sends to the reference that is held; answers whether it was accepted.
    TellHeld(u64, Reply<bool>),
    /// Waits for the end of the reference that is held.
    AwaitHeld(Reply<ExitReason>),
    /// Tells a line on standard output and one on standard error.
    Print(String),
    /// Tries to start a worker of its own; answers with the error.
    StartNested(Reply<String>),
    /// Gives the reference back that it was sent.
    Back(ActorRef<u64>, Reply<ActorRef<u64>>),
    /// Asks the listener to stop through the reference.
    StopOther(ActorRef<u64>),
    /// Ends normally.
    Stop,
    /// Never gets on with this message.
    Ponder,
    /// Ends normally as soon as another message is queued behind this one.
    StopBeforeNext,
    /// Fails.
    Fail(String),
    /// Panics.
    Panic(String),
    /// Exits the process with this code.
    Exit(i32),
    /// Aborts the process.
    Abort,
    /// Prints to standard error and panics outside of any actor, so that the process dies of it.
    Scream(String),
    /// Blocks its thread for ever.
    Hang,
    /// Blocks its thread for ever once the door is opened.
    HangBehind(ActorRef<DoorMsg>),
    /// Blocks every thread of the worker's runtime for ever, the last one when the door is opened.
    HangAll(ActorRef<DoorMsg>),
    /// Cannot be decoded on the other side.
    Poison(Undecodable, Reply<u32>),
    /// Cannot be encoded.
    Stubborn(Unencodable, Reply<u32>),
    /// Answers with something that cannot be encoded.
    AnswerBadly(Reply<Unencodable>),
    /// Answers with something that cannot be decoded.
    AnswerUndecodably(Reply<Undecodable>),
    /// Cannot be decoded on the other side, behind its reply.
    LatePoison(Reply<u32>, Undecodable),
    /// Panics when it is encoded, or decoded.
    Explosive(Explosive, Reply<u32>),
    /// So many bytes, with an answer.
    TakeAsked(Vec<u8>, Reply<u32>),
    /// A reference whose message type has no name.
    TakeNameless(ActorRef<Nameless>, Reply<()>),
    /// Cannot be encoded, behind a reference.
    HoldAndFail(ActorRef<u64>, Unencodable, Reply<u32>),
    /// Cannot be decoded, behind a reference.
    HoldAndSpoil(ActorRef<u64>, Undecodable, Reply<u32>),
}

/// A message type that nobody registered.
#[derive(Debug, Serialize, Deserialize)]
pub struct Nameless;

/// What is said at a door.
#[derive(Debug, Serialize, Deserialize)]
pub enum DoorMsg {
    /// Somebody waits to be let in.
    Knock(Reply<()>),
}

/// Encodes to nothing and refuses to be decoded.
#[derive(Debug)]
pub struct Undecodable;

impl Serialize for Undecodable {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for Undecodable {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u8::deserialize(deserializer)?;
        Err(serde::de::Error::custom("refuses to be decoded"))
    }
}

/// Panics in its own serde code.
#[derive(Debug)]
pub enum Explosive {
    /// When it is encoded.
    Here,
    /// When it is decoded.
    There,
}

impl Serialize for Explosive {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Explosive::Here => panic!("explodes here"),
            Explosive::There => serializer.serialize_u8(1),
        }
    }
}

impl<'de> Deserialize<'de> for Explosive {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u8::deserialize(deserializer)?;
        panic!("explodes there")
    }
}

/// Refuses to be encoded.
#[derive(Debug)]
pub struct Unencodable;

impl Serialize for Unencodable {
    fn serialize<S: serde::Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("refuses to be encoded"))
    }
}

impl<'de> Deserialize<'de> for Unencodable {
    fn deserialize<D: serde::Deserializer<'de>>(_deserializer: D) -> Result<Self, D::Error> {
        Ok(Unencodable)
    }
}

/// The test's end of a door: tells it who knocks.
#[derive(Debug)]
pub struct Door {
    /// Gets every reply; sending it lets in whoever knocked.
    pub knocks: tokio::sync::mpsc::UnboundedSender<Reply<()>>,
}

impl Actor for Door {
    type Msg = DoorMsg;

    async fn handle(
        &mut self,
        DoorMsg::Knock(reply): DoorMsg,
        _ctx: &mut Context<Self>,
    ) -> ActorResult {
        self.knocks.send(reply)?;
        Ok(())
    }
}

/// How the root of a test worker begins.
#[derive(Debug, Default, Serialize, Deserialize)]
pub enum RigArgs {
    /// It works.
    #[default]
    Works,
    /// `started` fails.
    FailsToStart(String),
    /// `started` never ends.
    HangsAtStart,
    /// The process exits before the start.
    ExitsAtStart(i32),
    /// It works, and appends every number that it notes to this file, and a line to the file for every start.
    Records(String),
}

/// The root of the test worker.
pub struct Rig {
    args: RigArgs,
    total: u64,
    notes: Vec<u64>,
    record: Option<std::fs::File>,
    kept: Vec<Reply<u32>>,
    held: Vec<ActorRef<u64>>,
    lent: Option<WeakActorRef<u64>>,
    ends: Option<tokio::sync::watch::Receiver<Option<ExitReason>>>,
}

impl Rig {
    /// A rig.
    #[must_use]
    pub fn new(args: RigArgs) -> Self {
        Rig {
            args,
            total: 0,
            notes: Vec::new(),
            record: None,
            kept: Vec::new(),
            held: Vec::new(),
            lent: None,
            ends: None,
        }
    }

    fn lend(&mut self, system: &ActorSystem, listener: Option<ActorRef<u64>>) -> ActorRef<u64> {
        let (tell, ends) = tokio::sync::watch::channel(None);
        let lent = system.spawn(Lent {
            listener,
            end: tell,
        });
        self.lent = Some(lent.downgrade());
        self.ends = Some(ends);
        lent
    }

    fn note(&mut self, number: impl std::fmt::Display) -> ActorResult {
        use std::io::Write;
        if let RigArgs::Records(path) = &self.args {
            let record = match &mut self.record {
                Some(record) => record,
                none => {
                    let mut options = std::fs::File::options();
                    none.insert(options.append(true).create(true).open(path)?)
                }
            };
            record.write_all(format!("{number}\n").as_bytes())?;
        }
        Ok(())
    }
}

/// Repeats what it is sent; ends at zero.
struct Lent {
    listener: Option<ActorRef<u64>>,
    end: tokio::sync::watch::Sender<Option<ExitReason>>,
}

impl Actor for Lent {
    type Msg = u64;

    async fn handle(&mut self, number: u64, ctx: &mut Context<Self>) -> ActorResult {
        match number {
            0 => ctx.stop(),
            u64::MAX => return Err("told to fail".into()),
            _ => {}
        }
        if let Some(listener) = &self.listener {
            listener.send(number).await?;
        }
        Ok(())
    }

    async fn stopped(&mut self, reason: &ExitReason, _ctx: &mut Context<Self>) {
        self.end.send_replace(Some(reason.clone()));
    }
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// Completes when one other thread of the runtime is blocked for ever. Waking goes through a plain thread, since what a blocked thread
/// of the runtime wakes may wait in its own queue.
async fn hang_another_thread() {
    let runtime = tokio::runtime::Handle::current();
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let (hung, is_hung) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            hung.send(()).ok();
            hang()
        });
        is_hung.recv().ok();
        tell.send(()).ok();
    });
    drop(told.await);
}

struct NamelessActor;

impl Actor for NamelessActor {
    type Msg = Nameless;

    async fn handle(&mut self, _msg: Nameless, _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }
}

fn signal_self(number: i32) {
    let signal = rustix::process::Signal::from_named_raw(number).expect("a signal");
    rustix::process::kill_process(rustix::process::getpid(), signal).expect("it is there");
}

impl Actor for Rig {
    type Msg = RigMsg;

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        match &self.args {
            RigArgs::Works => Ok(()),
            RigArgs::Records(_) => self.note("start"),
            RigArgs::FailsToStart(text) => Err(text.clone().into()),
            RigArgs::HangsAtStart => std::future::pending().await,
            RigArgs::ExitsAtStart(code) => std::process::exit(*code),
        }
    }

    async fn handle(&mut self, msg: RigMsg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            RigMsg::Add(n) => self.total += n,
            RigMsg::Total(reply) => reply.send(self.total),
            RigMsg::Pid(reply) => reply.send(std::process::id()),
            RigMsg::Note(number) => {
                self.note(number)?;
                self.notes.push(number);
            }
            RigMsg::Notes(reply) => reply.send(self.notes.clone()),
            RigMsg::Echo(number, reply) => reply.send(number),
            RigMsg::Keep(reply) => self.kept.push(reply),
            RigMsg::IsClosed(listener) => {
                // Seen at the latest when the deadline has passed here too.
                while !self.kept[0].is_closed() {
                    tokio::task::yield_now().await;
                }
                listener.send(1).await?;
            }
            RigMsg::AnswerKept(number) => {
                for reply in self.kept.drain(..) {
                    reply.send(number);
                }
            }
            RigMsg::Knock(door) => door.ask_within(LONG, DoorMsg::Knock).await?,
            RigMsg::KnockAndAnswer(door, reply) => {
                door.ask_within(LONG, DoorMsg::Knock).await?;
                reply.send(1);
            }
            RigMsg::FailAsked(text, _reply) => return Err(text.into()),
            RigMsg::PanicAsked(text, _reply) => panic!("{text}"),
            RigMsg::DieAsked(signal, _reply) => {
                signal_self(signal);
                std::future::pending::<()>().await;
            }
            RigMsg::StopAsked(reply) => {
                self.kept.push(reply);
                ctx.stop();
            }
            RigMsg::Drop(reply) => drop(reply),
            RigMsg::Bytes(len, reply) => reply.send(vec![7; len]),
            RigMsg::Take(bytes) => self.total += bytes.len() as u64,
            RigMsg::Feed(listener, count, reply) => {
                for n in 0..count {
                    listener.send(n).await?;
                }
                reply.send(());
            }
            RigMsg::SayIfYouCan(listener, count) => {
                for n in 0..count {
                    if listener.send(n).await.is_err() {
                        break;
                    }
                }
            }
            RigMsg::SayAllAndStop(listener, count) => {
                for n in 0..count {
                    listener.try_send(n)?;
                }
                ctx.stop();
            }
            RigMsg::Own(reply) => reply.send(ctx.actor_ref()),
            RigMsg::IsMe(actor, reply) => reply.send(actor == ctx.actor_ref()),
            RigMsg::Hold(listener) => self.held.push(listener),
            RigMsg::LetGo => self.held.clear(),
            RigMsg::Lend(reply) => reply.send(self.lend(&ctx.system(), None)),
            RigMsg::LendRepeater(listener, reply) => {
                reply.send(self.lend(&ctx.system(), Some(listener)))
            }
            RigMsg::LendAgain(reply) => {
                if let Some(lent) = self.lent.as_ref().and_then(WeakActorRef::upgrade) {
                    reply.send(lent);
                }
            }
            RigMsg::IsLentOver(reply) => {
                let ends = self.ends.as_ref().ok_or("nothing is lent")?;
                reply.send(ends.borrow().is_some());
            }
            RigMsg::AwaitLent(reply) => {
                let mut ends = self.ends.clone().ok_or("nothing is lent")?;
                tokio::spawn(async move {
                    if let Ok(end) = ends.wait_for(Option::is_some).await {
                        reply.send(end.clone().expect("it was waited for"));
                    }
                });
            }
            RigMsg::SayAndStop(listener, number) => {
                listener.send(number).await?;
                ctx.stop();
            }
            RigMsg::LendNameless(reply) => reply.send(ctx.system().spawn(NamelessActor)),
            RigMsg::AreSame(one, other, reply) => reply.send(one == other),
            RigMsg::IsHeld(listener, reply) => reply.send(self.held.contains(&listener)),
            RigMsg::TellHeld(number, reply) => {
                let held = self.held.first().ok_or("nothing is held")?;
                reply.send(held.send(number).await.is_ok());
            }
            RigMsg::AwaitHeld(reply) => {
                let held = self.held.first().ok_or("nothing is held")?.clone();
                tokio::spawn(async move { reply.send(held.wait().await) });
            }
            RigMsg::Print(text) => {
                use std::io::Write;
                writeln!(std::io::stdout(), "{text} on standard output")?;
                writeln!(std::io::stderr(), "{text} on standard error")?;
            }
            RigMsg::StartNested(reply) => {
                let node = actor_remote::Node::new(registry());
                let worker = node.worker("nested", RIG, RigArgs::Works)?;
                let (spec, _) = worker.child().build();
                let started = Supervisor::builder(Strategy::OneForOne)
                    .child(spec)
                    .start(&ctx.system())
                    .await;
                reply.send(
                    started
                        .err()
                        .map(|error| error.to_string())
                        .unwrap_or_default(),
                );
            }
            RigMsg::Back(listener, reply) => reply.send(listener),
            RigMsg::StopOther(listener) => listener.stop(),
            RigMsg::Stop => ctx.stop(),
            RigMsg::Ponder => std::future::pending::<()>().await,
            RigMsg::StopBeforeNext => {
                while ctx.actor_ref().is_empty() {
                    tokio::task::yield_now().await;
                }
                ctx.stop();
            }
            RigMsg::Fail(text) => return Err(text.into()),
            RigMsg::Panic(text) => panic!("{text}"),
            RigMsg::Exit(code) => std::process::exit(code),
            RigMsg::Abort => std::process::abort(),
            RigMsg::Scream(text) => {
                use std::io::Write;
                writeln!(std::io::stderr(), "{text}")?;
                let died = std::thread::spawn(move || panic!("screamed: {text}")).join();
                std::process::exit(if died.is_err() { 101 } else { 0 });
            }
            RigMsg::Hang => hang(),
            RigMsg::HangBehind(door) => {
                door.ask_within(LONG, DoorMsg::Knock).await?;
                hang()
            }
            RigMsg::HangAll(door) => {
                hang_another_thread().await;
                door.ask_within(LONG, DoorMsg::Knock).await?;
                hang()
            }
            RigMsg::Poison(_, reply) | RigMsg::Stubborn(_, reply) => reply.send(0),
            RigMsg::AnswerBadly(reply) => reply.send(Unencodable),
            RigMsg::AnswerUndecodably(reply) => reply.send(Undecodable),
            RigMsg::LatePoison(reply, _) | RigMsg::Explosive(_, reply) => reply.send(0),
            RigMsg::TakeAsked(_, reply)
            | RigMsg::HoldAndFail(_, _, reply)
            | RigMsg::HoldAndSpoil(_, _, reply) => reply.send(0),
            RigMsg::TakeNameless(_, reply) => reply.send(()),
        }
        Ok(())
    }
}

const LONG: Duration = Duration::from_secs(100_000);

/// The test worker's root, as a task of the worker's runtime.
pub const RIG: Factory<RigArgs, RigMsg> = Factory::new("tests.Rig/v1");
/// The same on a thread of its own, so that it may block.
pub const BLOCKING_RIG: Factory<RigArgs, RigMsg> = Factory::new("tests.BlockingRig/v1");
/// Known to the parent only.
pub const UNKNOWN: Factory<RigArgs, RigMsg> = Factory::new("tests.Unknown/v1");

/// What both sides register.
#[must_use]
pub fn registry() -> Registry {
    Registry::builder()
        .factory(RIG, Rig::new)
        .factory_on_thread(BLOCKING_RIG, Rig::new)
        .factory(LEDGER, Ledger::new)
        .message::<u64>("tests.u64/v1")
        .message::<RigMsg>("tests.RigMsg/v1")
        .message::<DoorMsg>("tests.Door/v1")
        .build()
        .expect("the names are unique")
}
