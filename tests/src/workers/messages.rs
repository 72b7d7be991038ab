//! What the root of a test worker is sent, and types that are trouble on the way.

use actor_core::prelude::*;
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
    /// Writes down how long the text is.
    Measure(String),
    /// Answers with the text.
    Repeat(String, Reply<String>),
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
