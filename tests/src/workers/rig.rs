//! The root of a test worker.

use std::io::Write;

use actor_core::prelude::*;

use super::deeds::*;
use super::messages::*;

const LONG: Duration = Duration::from_secs(100_000);

/// How the last one lent ended, once it has.
type Ends = tokio::sync::watch::Receiver<Option<ExitReason>>;

/// The root of the test worker.
pub struct Rig {
    args: RigArgs,
    total: u64,
    notes: Vec<u64>,
    record: Option<std::fs::File>,
    kept: Vec<Reply<u32>>,
    held: Vec<ActorRef<u64>>,
    lent: Option<WeakActorRef<u64>>,
    ends: Option<Ends>,
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

    fn lend_again(&self, reply: Reply<ActorRef<u64>>) {
        if let Some(lent) = self.lent.as_ref().and_then(WeakActorRef::upgrade) {
            reply.send(lent);
        }
    }

    fn ends(&self) -> Result<&Ends, BoxError> {
        Ok(self.ends.as_ref().ok_or("nothing is lent")?)
    }

    fn await_lent(&self, reply: Reply<ExitReason>) -> ActorResult {
        let mut ends = self.ends()?.clone();
        tokio::spawn(async move {
            if let Ok(end) = ends.wait_for(Option::is_some).await {
                reply.send(end.clone().expect("it was waited for"));
            }
        });
        Ok(())
    }

    fn held(&self) -> Result<&ActorRef<u64>, BoxError> {
        Ok(self.held.first().ok_or("nothing is held")?)
    }

    async fn tell_when_closed(&self, listener: ActorRef<u64>) -> ActorResult {
        // Seen at the latest when the deadline has passed here too.
        while !self.kept[0].is_closed() {
            tokio::task::yield_now().await;
        }
        Ok(listener.send(1).await?)
    }

    fn write_down(&mut self, number: u64) -> ActorResult {
        self.note(number)?;
        self.notes.push(number);
        Ok(())
    }

    fn note(&mut self, number: impl std::fmt::Display) -> ActorResult {
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
            RigMsg::Note(number) => self.write_down(number)?,
            RigMsg::Notes(reply) => reply.send(self.notes.clone()),
            RigMsg::Echo(number, reply) => reply.send(number),
            RigMsg::Keep(reply) => self.kept.push(reply),
            RigMsg::IsClosed(listener) => self.tell_when_closed(listener).await?,
            RigMsg::AnswerKept(number) => self.kept.drain(..).for_each(|reply| reply.send(number)),
            RigMsg::Knock(door) => door.ask_within(LONG, DoorMsg::Knock).await?,
            RigMsg::KnockAndAnswer(door, reply) => {
                door.ask_within(LONG, DoorMsg::Knock).await?;
                reply.send(1);
            }
            RigMsg::FailAsked(text, _reply) => return Err(text.into()),
            RigMsg::PanicAsked(text, _reply) => panic!("{text}"),
            RigMsg::DieAsked(signal, _reply) => die_of(signal).await,
            RigMsg::StopAsked(reply) => {
                self.kept.push(reply);
                ctx.stop();
            }
            RigMsg::Drop(reply) => drop(reply),
            RigMsg::Bytes(len, reply) => reply.send(vec![7; len]),
            RigMsg::Take(bytes) => self.total += bytes.len() as u64,
            RigMsg::Feed(listener, count, reply) => {
                feed(&listener, count).await?;
                reply.send(());
            }
            // Until it takes no more, which is no fault.
            RigMsg::SayIfYouCan(listener, count) => drop(feed(&listener, count).await),
            RigMsg::SayAllAndStop(listener, count) => {
                (0..count).try_for_each(|n| listener.try_send(n))?;
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
            RigMsg::LendAgain(reply) => self.lend_again(reply),
            RigMsg::IsLentOver(reply) => reply.send(self.ends()?.borrow().is_some()),
            RigMsg::AwaitLent(reply) => self.await_lent(reply)?,
            RigMsg::SayAndStop(listener, number) => {
                listener.send(number).await?;
                ctx.stop();
            }
            RigMsg::LendNameless(reply) => reply.send(ctx.system().spawn(NamelessActor)),
            RigMsg::AreSame(one, other, reply) => reply.send(one == other),
            RigMsg::IsHeld(listener, reply) => reply.send(self.held.contains(&listener)),
            RigMsg::TellHeld(number, reply) => {
                reply.send(self.held()?.send(number).await.is_ok());
            }
            RigMsg::AwaitHeld(reply) => {
                let held = self.held()?.clone();
                tokio::spawn(async move { reply.send(held.wait().await) });
            }
            RigMsg::Print(text) => print(&text)?,
            RigMsg::StartNested(reply) => reply.send(start_nested(&ctx.system()).await?),
            RigMsg::Back(listener, reply) => reply.send(listener),
            RigMsg::StopOther(listener) => listener.stop(),
            RigMsg::Stop => ctx.stop(),
            RigMsg::Ponder => std::future::pending::<()>().await,
            RigMsg::StopBeforeNext => stop_before_next(ctx).await,
            RigMsg::Fail(text) => return Err(text.into()),
            RigMsg::Panic(text) => panic!("{text}"),
            RigMsg::Exit(code) => std::process::exit(code),
            RigMsg::Abort => std::process::abort(),
            RigMsg::Scream(text) => scream(text)?,
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
            RigMsg::Measure(text) => self.notes.push(text.len() as u64),
            RigMsg::Repeat(text, reply) => reply.send(text),
        }
        Ok(())
    }
}
