//! One actor in a harness: what it did is told, its state can be looked at, and what makes no sense is refused with advice.

use actor_core::prelude::*;
use actor_core::testing::{Crash, Effect, Harness};

const SECOND: Duration = Duration::from_secs(1);

enum Msg {
    Add(u32),
    Get(Reply<u32>),
    Keep(Reply<u32>),
    Fetch,
    Pipe,
    Nap(Duration),
    Arm(&'static str, Duration),
    Every(&'static str, Duration),
    Disarm(&'static str),
    Rang(&'static str),
    Hire,
    Watch(AnyActorRef),
    Link(AnyActorRef),
    ToMyself(u32),
    Fail,
    Leave,
}

#[derive(Debug, PartialEq)]
enum Line {
    Rang(&'static str),
    Gone,
    Stopped(String),
    Tidied,
}

/// Does whatever it is told.
struct Clerk {
    total: u32,
    kept: Vec<Reply<u32>>,
    db: ActorRef<Query>,
    log: ActorRef<Line>,
}

struct Query(&'static str, Reply<u32>);

struct Helper;

impl Actor for Helper {
    type Msg = ();

    async fn handle(&mut self, (): (), _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }
}

impl Actor for Clerk {
    type Msg = Msg;

    async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            Msg::Add(n) => self.total += n,
            Msg::Get(reply) => reply.send(self.total),
            Msg::Keep(reply) => self.kept.push(reply),
            Msg::Fetch => self.total = self.db.ask(|reply| Query("total", reply)).await?,
            Msg::Pipe => {
                let db = self.db.clone();
                let asking = async move { db.ask(|reply| Query("piped", reply)).await };
                ctx.pipe(asking, |answer| Msg::Add(answer.unwrap_or_default()));
            }
            Msg::Nap(span) => tokio::time::sleep(span).await,
            Msg::Arm(key, after) => ctx.send_after(key, after, Msg::Rang(key)),
            Msg::Every(key, period) => ctx.send_interval(key, period, move || Msg::Rang(key)),
            Msg::Disarm(key) => drop(ctx.cancel_timer(key)),
            Msg::Rang(key) => self.log.send(Line::Rang(key)).await?,
            Msg::Hire => drop(ctx.spawn(Helper)),
            Msg::Watch(whom) => drop(ctx.monitor(&whom)),
            Msg::Link(whom) => ctx.link(&whom),
            Msg::ToMyself(n) => ctx.actor_ref().try_send(Msg::Add(n))?,
            Msg::Fail => return Err("told to".into()),
            Msg::Leave => ctx.stop(),
        }
        Ok(())
    }

    async fn signal(&mut self, signal: Signal, _ctx: &mut Context<Self>) -> ActorResult {
        if let Signal::Down(_) = signal {
            self.log.send(Line::Gone).await?;
        }
        Ok(())
    }

    async fn stopped(&mut self, reason: &ExitReason, _ctx: &mut Context<Self>) {
        drop(self.log.send(Line::Stopped(reason.to_string())).await);
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        drop(self.log.try_send(Line::Tidied));
    }
}

fn clerk() -> Harness<Clerk> {
    Harness::with(|stage| Clerk {
        total: 0,
        kept: Vec::new(),
        db: stage.reference("db"),
        log: stage.reference("log"),
    })
}

#[test]
fn what_an_actor_did_is_told_in_order() {
    let mut clerk = clerk();
    let (db, log) = (
        clerk.reference::<Query>("db"),
        clerk.reference::<Line>("log"),
    );

    assert!(clerk.started().is_empty());
    assert!(clerk.send(Msg::Add(2)).is_empty());
    let told = clerk.send(Msg::Arm("ring", SECOND));
    assert_eq!(told, [Effect::timer_set("ring", SECOND)]);
    let told = clerk.send(Msg::Disarm("ring"));
    assert_eq!(told, [Effect::timer_cancelled("ring")]);
    assert_eq!(clerk.send(Msg::Hire), [Effect::spawned::<Helper>()]);
    let told = clerk.send(Msg::Watch(db.any()));
    assert_eq!(told, [Effect::monitored(&db)]);
    assert_eq!(clerk.send(Msg::Link(db.any())), [Effect::linked(&db)]);
    let told = clerk.send(Msg::Leave);
    assert_eq!(
        told,
        [
            Effect::sent(&log),
            // Its state goes before its end is told, so this is on its way by then.
            Effect::sent(&log),
            Effect::stopped(ExitReason::Normal)
        ]
    );
    let lines = told.sent_to(&log);
    assert_eq!(lines, [&Line::Stopped("normal".to_owned()), &Line::Tidied]);
}

#[test]
fn effects_print_one_by_one() {
    let mut clerk = clerk();
    let log = clerk.reference::<Line>("log");

    clerk.send(Msg::Arm("ring", SECOND));
    let told = clerk.fire_timer("ring");

    assert_eq!(told.to_string(), format!("sends Line to log {}", log.id()));
    assert_eq!(clerk.send(Msg::Add(1)).to_string(), "nothing");
}

#[test]
fn the_state_is_there_between_messages() {
    let mut clerk = clerk();

    clerk.send(Msg::Add(2));
    assert_eq!(clerk.state().total, 2);
    clerk.with_state(|clerk| clerk.total = 40);
    clerk.send(Msg::ToMyself(2));

    assert_eq!(clerk.state().total, 42);
}

#[test]
fn a_message_to_oneself_is_an_effect_and_is_handled_in_the_same_call() {
    let mut clerk = clerk();

    let told = clerk.send(Msg::ToMyself(2));

    assert_eq!(told, [Effect::sent(clerk.actor_ref())]);
    assert_eq!(clerk.state().total, 2);
}

#[test]
fn an_answer_comes_in_the_call_in_which_it_was_given() {
    let mut clerk = clerk();
    clerk.send(Msg::Add(7));

    let told = clerk.ask(Msg::Get);
    assert_eq!(told, [Effect::replied::<u32>()]);
    assert_eq!(told.replies::<u32>(), [&7]);

    assert!(clerk.ask(Msg::Keep).is_empty());
    let kept = clerk.with_state(|clerk| clerk.kept.pop());
    kept.unwrap().send(8);
    assert_eq!(clerk.settle().replies::<u32>(), [&8]);
}

#[test]
fn an_ask_that_is_not_answered_says_why() {
    let mut clerk = clerk();

    clerk.ask(Msg::Keep);
    let told = clerk.crash(Crash::Error("broken".to_owned()));

    let error = told.iter().find_map(|effect| match effect {
        Effect::NotReplied { error, .. } => Some(error.clone()),
        _ => None,
    });
    let reason = ExitReason::Failed("broken".to_owned());
    assert_eq!(error, Some(AskError::Failed { reason }));
}

#[test]
fn an_ask_of_a_stand_in_is_completed_from_outside() {
    let mut clerk = clerk();
    let db = clerk.reference::<Query>("db");

    let told = clerk.send(Msg::Fetch);
    assert_eq!(told, [Effect::asked::<u32>(&db)]);
    let Query(what, answer) = told.sent_to(&db)[0];
    assert_eq!((*what, answer.is_closed()), ("total", false));
    assert!(clerk.complete_ask(12_u32).is_empty());

    assert_eq!(clerk.state().total, 12);
}

#[test]
fn an_ask_in_a_pipe_is_an_effect_and_can_be_completed() {
    let mut clerk = clerk();
    let db = clerk.reference::<Query>("db");

    assert_eq!(clerk.send(Msg::Pipe), [Effect::asked::<u32>(&db)]);
    assert_eq!(clerk.state().total, 0, "no handler waits for it");
    clerk.complete_ask(5_u32);

    assert_eq!(clerk.state().total, 5);
}

#[test]
fn an_ask_that_nobody_completes_runs_into_its_deadline() {
    let mut clerk = clerk();

    clerk.send(Msg::Fetch);
    let told = clerk.advance(60 * SECOND);

    let is_end = |effect: &Effect| {
        matches!(
            effect,
            Effect::Stopped {
                reason: ExitReason::Failed(_)
            }
        )
    };
    assert!(told.iter().any(is_end), "{told}");
}

#[test]
fn a_question_that_is_taken_and_dropped_has_no_answer() {
    let mut clerk = clerk();
    let db = clerk.reference::<Query>("db");

    clerk.send(Msg::Fetch);
    drop(clerk.take_sent_to(&db));
    let told = clerk.settle();

    let reason = ExitReason::Failed(AskError::NoReply.to_string());
    assert_eq!(told.last(), Some(&Effect::stopped(reason)));
}

#[test]
fn a_timer_fires_whatever_the_time_and_alone() {
    let mut clerk = clerk();
    let log = clerk.reference::<Line>("log");
    clerk.send(Msg::Arm("first", SECOND));
    clerk.send(Msg::Arm("second", 2 * SECOND));

    let told = clerk.fire_timer("second");

    assert_eq!(told.sent_to(&log), [&Line::Rang("second")]);
    assert_eq!(clerk.elapsed(), Duration::ZERO);
    let told = clerk.advance(SECOND);
    assert_eq!(told.sent_to(&log), [&Line::Rang("first")]);
}

#[test]
fn an_interval_that_was_fired_goes_on_from_there() {
    let mut clerk = clerk();
    let log = clerk.reference::<Line>("log");
    clerk.send(Msg::Every("tick", 10 * SECOND));

    clerk.advance(3 * SECOND);
    assert_eq!(clerk.fire_timer("tick").sent_to(&log).len(), 1);

    assert!(clerk.advance(9 * SECOND).is_empty());
    assert_eq!(clerk.advance(SECOND).sent_to(&log).len(), 1);
}

#[test]
fn a_panic_ends_the_actor_and_its_state_is_there_for_stopped() {
    let mut clerk = clerk();
    let log = clerk.reference::<Line>("log");

    let told = clerk.crash(Crash::Panic("oops".to_owned()));

    assert!(matches!(
        told.last(),
        Some(Effect::Stopped {
            reason: ExitReason::Panicked { .. }
        })
    ));
    assert!(matches!(told.sent_to(&log)[0], Line::Stopped(_)));
}

#[test]
fn a_handler_can_be_struck_where_it_waits() {
    let mut clerk = clerk();
    clerk.send(Msg::Nap(SECOND));

    let told = clerk.crash(Crash::Error("struck".to_owned()));

    let reason = ExitReason::Failed("struck".to_owned());
    assert_eq!(told.last(), Some(&Effect::stopped(reason)));
    assert_eq!(clerk.elapsed(), Duration::ZERO);
}

#[test]
fn a_killed_actor_runs_no_stopped() {
    let mut clerk = clerk();
    let log = clerk.reference::<Line>("log");

    let told = clerk.crash(Crash::Kill);

    assert_eq!(told.last(), Some(&Effect::stopped(ExitReason::Killed)));
    assert_eq!(told.sent_to(&log), [&Line::Tidied]);
}

#[test]
fn an_error_of_a_handler_is_its_end() {
    let mut clerk = clerk();

    let told = clerk.send(Msg::Fail);

    let reason = ExitReason::Failed("told to".to_owned());
    assert_eq!(told.last(), Some(&Effect::stopped(reason)));
}

#[test]
fn the_end_of_a_stand_in_is_seen() {
    let mut clerk = clerk();
    let (db, log) = (
        clerk.reference::<Query>("db"),
        clerk.reference::<Line>("log"),
    );
    clerk.send(Msg::Watch(db.any()));

    db.stop();

    assert_eq!(clerk.settle().sent_to(&log), [&Line::Gone]);
}

#[test]
fn a_second_handler_begins_when_the_first_has_ended() {
    let mut clerk = clerk();

    clerk.send(Msg::Nap(SECOND));
    clerk.send(Msg::Add(3));
    clerk.advance(SECOND);

    assert_eq!(clerk.state().total, 3);
}

#[test]
fn harnesses_live_side_by_side() {
    let (mut left, mut right) = (clerk(), clerk());

    left.send(Msg::Add(1));
    right.send(Msg::Add(2));
    left.advance(SECOND);
    left.send(Msg::Add(10));

    assert_eq!((left.state().total, right.state().total), (11, 2));
    assert_eq!(right.elapsed(), Duration::ZERO);
}

#[test]
fn a_stand_in_is_found_by_its_name() {
    struct Finder;
    impl Actor for Finder {
        type Msg = ();
        async fn handle(&mut self, (): (), ctx: &mut Context<Self>) -> ActorResult {
            ctx.system().lookup::<u32>("sink")?.send(7).await?;
            Ok(())
        }
    }
    let mut finder = Harness::new(Finder);
    let sink = finder.reference::<u32>("sink");

    assert_eq!(finder.send(()).sent_to(&sink), [&7]);
}

#[test]
#[should_panic(
    expected = "in the middle of a handler (the last message was simulation::harness::Msg)"
)]
fn the_state_is_not_there_while_a_handler_has_it() {
    let mut clerk = clerk();
    clerk.send(Msg::Fetch);

    drop(clerk.state());
}

#[test]
#[should_panic(expected = "its state is gone; it ended: killed")]
fn the_state_goes_with_the_actor() {
    let mut clerk = clerk();
    clerk.crash(Crash::Kill);

    drop(clerk.state());
}

#[test]
#[should_panic(expected = r#"no timer Name("rnig"); it has [Name("ring")]"#)]
fn the_timers_there_are_stand_beside_the_one_that_is_not() {
    let mut clerk = clerk();
    clerk.send(Msg::Arm("ring", SECOND));

    clerk.fire_timer("rnig");
}

#[test]
#[should_panic(expected = "no stand-in is asked for u32; they are asked for nothing")]
fn nothing_is_completed_that_nobody_asked() {
    clerk().complete_ask(1_u32);
}

#[test]
#[should_panic(expected = r#"no stand-in is asked for i64; they are asked for ["u32"]"#)]
fn an_answer_of_another_type_is_refused() {
    let mut clerk = clerk();
    clerk.send(Msg::Fetch);

    clerk.complete_ask(1_i64);
}

#[test]
#[should_panic(expected = "it ended: normal")]
fn whoever_has_ended_takes_no_message() {
    let mut clerk = clerk();
    clerk.stop();

    clerk.send(Msg::Add(1));
}

#[test]
#[should_panic(expected = "it ended: normal")]
fn whoever_has_ended_cannot_crash() {
    let mut clerk = clerk();
    clerk.stop();

    clerk.crash(Crash::Kill);
}

#[test]
#[should_panic(
    expected = r#"the stand-in "db" is for simulation::harness::Query, and not for u32"#
)]
fn a_stand_in_has_one_type_of_messages() {
    clerk().reference::<u32>("db");
}

#[test]
#[should_panic(expected = "is no stand-in of this harness")]
fn only_stand_ins_keep_what_they_get() {
    let mut clerk = clerk();
    let me = clerk.actor_ref().clone();

    drop(clerk.send(Msg::ToMyself(1)).sent_to(&me));
}

#[test]
#[should_panic(expected = "hold it as well: drop them")]
fn a_message_is_not_taken_from_under_its_effects() {
    let mut clerk = clerk();
    let db = clerk.reference::<Query>("db");
    let _effects = clerk.send(Msg::Fetch);

    drop(clerk.take_sent_to(&db));
}

#[tokio::test]
#[should_panic(expected = "use it in a plain #[test]")]
async fn a_harness_brings_its_own_runtime() {
    drop(Harness::new(Helper));
}

#[test]
#[should_panic(expected = "has not come to rest within 500000 steps")]
fn an_actor_that_is_busy_for_ever_is_told() {
    struct Busy;
    impl Actor for Busy {
        type Msg = ();
        async fn handle(&mut self, (): (), ctx: &mut Context<Self>) -> ActorResult {
            Ok(ctx.actor_ref().try_send(())?)
        }
    }
    Harness::new(Busy).send(());
}
