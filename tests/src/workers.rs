//! The actors that the tests run in worker processes, and the registry that both sides build.

use actor_core::prelude::*;
use actor_remote::{Factory, Registry};
use serde::{Deserialize, Serialize};

/// What the test worker's root is sent.
#[derive(Debug, Serialize, Deserialize)]
pub enum RigMsg {
    /// Adds to its total.
    Add(u64),
    /// Its total.
    Total(Reply<u64>),
    /// Its process.
    Pid(Reply<u32>),
    /// Never answers; the reply is kept.
    Keep(Reply<u32>),
    /// Drops the reply.
    Drop(Reply<u32>),
    /// Answers with so many bytes.
    Bytes(usize, Reply<Vec<u8>>),
    /// So many bytes, to be counted.
    Take(Vec<u8>),
    /// Sends each of these numbers to the listener, then answers.
    Feed(ActorRef<u64>, u64, Reply<()>),
    /// Keeps a reference to the listener.
    Hold(ActorRef<u64>),
    /// Lets go of what it holds.
    LetGo,
    /// A reference to an actor of the worker that counts what it is sent and ends at zero.
    Lend(Reply<ActorRef<u64>>),
    /// Gives the reference back that it was sent.
    Back(ActorRef<u64>, Reply<ActorRef<u64>>),
    /// Asks the listener to stop through the reference.
    StopOther(ActorRef<u64>),
    /// Ends normally.
    Stop,
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
    /// Cannot be decoded on the other side.
    Poison(Undecodable, Reply<u32>),
    /// Cannot be encoded.
    Stubborn(Unencodable, Reply<u32>),
    /// Answers with something that cannot be encoded.
    AnswerBadly(Reply<Unencodable>),
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
}

/// The root of the test worker.
pub struct Rig {
    args: RigArgs,
    total: u64,
    kept: Vec<Reply<u32>>,
    held: Vec<ActorRef<u64>>,
}

impl Rig {
    /// A rig.
    #[must_use]
    pub fn new(args: RigArgs) -> Self {
        Rig {
            args,
            total: 0,
            kept: Vec::new(),
            held: Vec::new(),
        }
    }
}

/// Counts down what it is sent; ends at zero.
struct Lent;

impl Actor for Lent {
    type Msg = u64;

    async fn handle(&mut self, left: u64, ctx: &mut Context<Self>) -> ActorResult {
        if left == 0 {
            ctx.stop();
        }
        Ok(())
    }
}

impl Actor for Rig {
    type Msg = RigMsg;

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        match &self.args {
            RigArgs::Works => Ok(()),
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
            RigMsg::Keep(reply) => self.kept.push(reply),
            RigMsg::Drop(reply) => drop(reply),
            RigMsg::Bytes(len, reply) => reply.send(vec![7; len]),
            RigMsg::Take(bytes) => self.total += bytes.len() as u64,
            RigMsg::Feed(listener, count, reply) => {
                for n in 0..count {
                    listener.send(n).await?;
                }
                reply.send(());
            }
            RigMsg::Hold(listener) => self.held.push(listener),
            RigMsg::LetGo => self.held.clear(),
            RigMsg::Lend(reply) => {
                let lent = ctx.system().spawn(Lent);
                reply.send(lent);
            }
            RigMsg::Back(listener, reply) => reply.send(listener),
            RigMsg::StopOther(listener) => listener.stop(),
            RigMsg::Stop => ctx.stop(),
            RigMsg::Fail(text) => return Err(text.into()),
            RigMsg::Panic(text) => panic!("{text}"),
            RigMsg::Exit(code) => std::process::exit(code),
            RigMsg::Abort => std::process::abort(),
            RigMsg::Scream(text) => {
                eprintln!("{text}");
                let died = std::thread::spawn(move || panic!("screamed: {text}")).join();
                std::process::exit(if died.is_err() { 101 } else { 0 });
            }
            RigMsg::Hang => loop {
                std::thread::park();
            },
            RigMsg::Poison(_, reply) | RigMsg::Stubborn(_, reply) => reply.send(0),
            RigMsg::AnswerBadly(reply) => reply.send(Unencodable),
        }
        Ok(())
    }
}

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
        .message::<u64>("tests.u64/v1")
        .build()
        .expect("the names are unique")
}
