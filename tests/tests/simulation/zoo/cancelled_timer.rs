//! A timer that fires after it was cancelled: a session that was renewed expires.
//!
//! The session has made its timer by hand: an alarm, which is an actor that writes to the log when the time has come, and then rings.
//! Whoever uses the session cancels the alarm and sets a new one. An alarm that has rung already cannot be cancelled any more: its message
//! is in the mailbox. A plain run never shows it, though the user comes at the very instant at which the session would expire: the kill is
//! quicker than the log.
//!
//! Corrected: each alarm has a number, and only that of the present one counts. (The timers of a context do that: what was cancelled is
//! not handled, G2.)

use actor_core::prelude::*;
use actor_core::testing::TestSystem;

use super::{Exhibit, Version, exhibit};

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "cancelled_timer",
    symptom: "expired too early",
    play: |system, version| Box::pin(play(system, version)),
};

#[test]
fn an_alarm_that_was_cancelled_ends_a_session() {
    exhibit(&EXHIBIT);
}

const PATIENCE: Duration = Duration::from_millis(100);

/// Is told what happens.
struct Log;

impl Actor for Log {
    type Msg = Reply<()>;

    async fn handle(&mut self, written: Reply<()>, _ctx: &mut Context<Self>) -> ActorResult {
        written.send(());
        Ok(())
    }
}

struct Alarm {
    number: u64,
    session: ActorRef<SessionMsg>,
    log: ActorRef<Reply<()>>,
}

impl Actor for Alarm {
    type Msg = ();

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        ctx.send_after("ring", PATIENCE, ());
        Ok(())
    }

    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        self.log.ask(|written| written).await?;
        // A session that has ended does not mind.
        self.session.send(SessionMsg::Ring(self.number)).await.ok();
        Ok(())
    }
}

enum SessionMsg {
    Use(Reply<()>),
    Ring(u64),
}

struct Session {
    log: ActorRef<Reply<()>>,
    version: Version,
    alarms: u64,
    alarm: Option<ActorRef<()>>,
}

impl Session {
    fn set_alarm(&mut self, ctx: &mut Context<Self>) {
        if let Some(former) = self.alarm.take() {
            former.kill();
        }
        self.alarms += 1;
        self.alarm = Some(ctx.system().spawn(Alarm {
            number: self.alarms,
            session: ctx.actor_ref(),
            log: self.log.clone(),
        }));
    }
}

impl Actor for Session {
    type Msg = SessionMsg;

    async fn started(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        self.set_alarm(ctx);
        Ok(())
    }

    async fn handle(&mut self, msg: SessionMsg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            SessionMsg::Use(reply) => {
                self.set_alarm(ctx);
                reply.send(());
            }
            SessionMsg::Ring(number) => {
                if self.version == Version::Buggy || number == self.alarms {
                    ctx.stop();
                }
            }
        }
        Ok(())
    }
}

async fn play(system: TestSystem, version: Version) {
    let log = system.spawn(Log);
    let session = Session {
        log,
        version,
        alarms: 0,
        alarm: None,
    };
    let session = system.start(session).await.expect("it starts");

    tokio::time::sleep(PATIENCE).await;
    let is_renewed = session.ask(SessionMsg::Use).await.is_ok();
    session.wait().await;

    // Whoever comes at the last instant may come too late.
    if is_renewed {
        assert!(system.elapsed() >= 2 * PATIENCE, "expired too early");
    }
}
