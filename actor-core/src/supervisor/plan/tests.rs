use super::*;
use crate::supervisor::{Backoff, ChildState, Restart, SupervisorError};

const SECOND: Duration = Duration::from_secs(1);

/// A plan that is told things, a second after each other unless it is said otherwise.
struct Desk {
    plan: Plan,
    now: Instant,
}

fn facts(id: &str, restart: Restart) -> Facts {
    Facts {
        id: id.to_owned(),
        restart,
        backoff: None,
        significant: false,
        is_supervisor: false,
    }
}

fn failed() -> ExitReason {
    ExitReason::Failed("told to".to_owned())
}

impl Desk {
    fn empty(strategy: Strategy, max_failures: u32) -> Self {
        let intensity = Intensity::new(max_failures, 1_000 * SECOND);
        Desk {
            plan: Plan::new(strategy, AutoShutdown::Never, 100, intensity, 7),
            now: Instant::now(),
        }
    }

    /// With permanent children 1, 2, 3, … that run.
    fn with(strategy: Strategy, count: Key) -> Self {
        let mut desk = Desk::empty(strategy, 10);
        (1..=count).for_each(|key| desk.runs(key, Restart::Permanent));
        desk
    }

    fn runs(&mut self, key: Key, restart: Restart) {
        self.runs_as(key, facts(&key.to_string(), restart));
    }

    fn runs_as(&mut self, key: Key, facts: Facts) {
        assert_eq!(self.plan.check(&facts), Ok(()));
        self.plan.insert(key, facts);
        let attempt = self.plan.begin(key);
        assert_eq!(
            self.tell(|plan, now, out| plan.handle_started(key, attempt, now, out)),
            ""
        );
    }

    /// What comes out, in short: `+2` starts, `-2` stops, `x2` ends for good, `!2` forgets.
    fn tell(&mut self, what: impl FnOnce(&mut Plan, Instant, &mut Vec<Action>)) -> String {
        let mut out = Vec::new();
        what(&mut self.plan, self.now, &mut out);
        let said: Vec<String> = out.iter().filter_map(short).collect();
        said.join(" ")
    }

    fn attempt(&self, key: Key) -> u64 {
        self.plan.get(key).map_or(0, |slot| slot.attempt)
    }

    fn fails(&mut self, key: Key) -> String {
        self.ends(key, failed())
    }

    fn ends(&mut self, key: Key, reason: ExitReason) -> String {
        let attempt = self.attempt(key);
        let end = (reason, true);
        self.tell(|plan, now, out| plan.handle_ended(key, attempt, end, now, out))
    }

    fn fails_to_start(&mut self, key: Key) -> String {
        let attempt = self.attempt(key);
        let end = (ExitReason::StartTimeout, false);
        self.tell(|plan, now, out| plan.handle_ended(key, attempt, end, now, out))
    }

    fn starts(&mut self, key: Key) -> String {
        let attempt = self.attempt(key);
        self.tell(|plan, now, out| plan.handle_started(key, attempt, now, out))
    }

    fn halts(&mut self, key: Key) -> String {
        self.halts_with(key, ExitReason::Shutdown)
    }

    fn halts_with(&mut self, key: Key, reason: ExitReason) -> String {
        let attempt = self.attempt(key);
        self.tell(|plan, now, out| plan.handle_halted(key, attempt, reason, now, out))
    }

    fn adds(&mut self, key: Key) -> String {
        let facts = facts(&key.to_string(), Restart::Permanent);
        self.tell(|plan, _, out| plan.handle_add(key, facts, out))
    }

    fn terminates(&mut self, key: Key) -> String {
        self.tell(|plan, _, out| plan.handle_terminate(key, out))
    }

    fn restarts(&mut self, key: Key) -> String {
        self.tell(|plan, _, out| plan.handle_restart(key, out))
    }

    fn group_is_due(&mut self) -> String {
        let attempt = self.plan.group_attempt;
        self.tell(|plan, _, out| plan.handle_retry(Timer::Group, attempt, out))
    }

    fn states(&self) -> String {
        let state = |(_, slot): (Key, &Slot)| match slot.state {
            State::Running => 'r',
            State::Starting => 's',
            State::Waiting => 'w',
            State::Stopping(_) => 'h',
            State::Stopped => 'x',
        };
        self.plan.children().map(state).collect()
    }
}

fn short(action: &Action) -> Option<String> {
    Some(match action {
        Action::Start { key, .. } => format!("+{key}"),
        Action::Stop { key, .. } => format!("-{key}"),
        Action::Finish { key, .. } => format!("x{key}"),
        Action::Forget { key } => format!("!{key}"),
        Action::TellStart {
            key,
            outcome: Ok(()),
        } => format!("ok{key}"),
        Action::TellStart {
            key,
            outcome: Err(_),
        } => format!("no{key}"),
        Action::Retry { timer, after, .. } => format!("{timer:?} in {after:?}"),
        Action::GiveUp(why) => format!("{why:?}"),
        Action::TellStop { .. } | Action::Cancel { .. } => return None,
    })
}

#[test]
fn one_for_one_starts_the_failed_child_only() {
    // E4
    let mut desk = Desk::with(Strategy::OneForOne, 3);

    assert_eq!(desk.fails(2), "+2");
    assert_eq!(desk.fails(3), "+3", "beside each other");
    assert_eq!(desk.starts(2), "");
    assert_eq!(desk.states(), "rrs");
}

#[test]
fn one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() {
    // E4
    let mut desk = Desk::with(Strategy::OneForAll, 3);

    assert_eq!(desk.fails(2), "-3");
    assert_eq!(desk.halts(3), "-1");
    assert_eq!(desk.halts(1), "+1");
    assert_eq!(desk.starts(1), "+2");
    assert_eq!(desk.starts(2), "+3");
    assert_eq!(desk.starts(3), "");
    assert_eq!(desk.states(), "rrr");
}

#[test]
fn rest_for_one_concerns_those_after_the_failed_child() {
    // E4
    let mut desk = Desk::with(Strategy::RestForOne, 4);

    assert_eq!(desk.fails(2), "-4");
    assert_eq!(desk.halts(4), "-3");
    assert_eq!(desk.halts(3), "+2");
    assert_eq!(desk.starts(2), "+3");
    assert_eq!(desk.starts(3), "+4");
    assert_eq!(desk.starts(4), "");
    assert_eq!(desk.fails(4), "+4", "nobody comes after the last");
}

#[test]
fn temporary_siblings_end_for_good_and_stopped_ones_stay_stopped() {
    // E3, E4, E12
    let mut desk = Desk::with(Strategy::OneForAll, 2);
    desk.runs(3, Restart::Temporary);
    desk.runs(4, Restart::Permanent);
    assert_eq!(desk.terminates(2), "-2");
    assert_eq!(desk.halts(2), "x2");

    assert_eq!(desk.fails(1), "-4");
    assert_eq!(desk.halts(4), "-3");
    assert_eq!(desk.halts(3), "x3 !3 +1");
    assert_eq!(desk.starts(1), "+4");
    assert_eq!(desk.starts(4), "");
    assert_eq!(desk.states(), "rxr");
}

#[test]
fn siblings_that_fail_at_once_are_one_failure() {
    // E5
    let mut desk = Desk::empty(Strategy::OneForAll, 1);
    (1..=3).for_each(|key| desk.runs(key, Restart::Permanent));

    assert_eq!(desk.fails(1), "-3");
    assert_eq!(desk.fails(2), "", "it was about to be stopped anyway");
    assert_eq!(desk.fails(3), "", "it is being stopped");
    assert_eq!(desk.halts_with(3, failed()), "+1");
}

#[test]
fn who_has_left_before_its_siblings_are_stopped_is_not_started_again() {
    // E3
    let mut desk = Desk::with(Strategy::OneForAll, 1);
    desk.runs(2, Restart::Transient);
    desk.runs(3, Restart::Transient);

    assert_eq!(desk.fails(1), "-3");
    assert_eq!(desk.ends(2, ExitReason::Normal), "x2");
    assert_eq!(desk.halts_with(3, ExitReason::Normal), "x3 +1");
    assert_eq!(desk.starts(1), "");
    assert_eq!(desk.states(), "rxx");
}

#[test]
fn an_elder_that_fails_widens_the_group() {
    // E4, E5
    let mut desk = Desk::empty(Strategy::RestForOne, 2);
    (1..=3).for_each(|key| desk.runs(key, Restart::Permanent));
    assert_eq!(desk.fails(2), "-3");

    assert_eq!(desk.fails(1), "", "the youngest is being stopped already");
    assert_eq!(desk.halts(3), "+1");
    assert_eq!(desk.starts(1), "+2");
    assert_eq!(desk.fails(3), "", "an end of the past: it does not run");
    assert_eq!(desk.fails_to_start(2), "Intensity", "the third");
}

#[test]
fn a_later_child_that_fails_to_start_stops_those_of_its_attempt() {
    // E7, E9
    for (strategy, group, again) in [
        (Strategy::OneForAll, "-2", "+1"),
        (Strategy::RestForOne, "-2", "+2"),
    ] {
        let mut desk = Desk::empty(strategy, 2);
        (1..=3).for_each(|key| desk.runs(key, Restart::Permanent));
        let mut said = desk.fails(2);
        // To the point where the third is started.
        while said != "+3" {
            let key: Key = said[1..].parse().unwrap();
            said = match said.starts_with('-') {
                true => desk.halts(key),
                false => desk.starts(key),
            };
        }

        assert_eq!(desk.fails_to_start(3), group);
        let next = desk.halts(2);
        assert_eq!(
            next,
            if strategy == Strategy::OneForAll {
                "-1"
            } else {
                again
            }
        );
        if strategy == Strategy::OneForAll {
            assert_eq!(desk.halts(1), again);
        }
        assert_eq!(
            desk.fails_to_start(again[1..].parse().unwrap()),
            "Intensity"
        );
    }
}

#[test]
fn a_running_member_that_fails_begins_a_new_attempt_at_once() {
    // E4, E9
    let mut desk = Desk::with(Strategy::RestForOne, 4);
    assert_eq!(desk.fails(2), "-4");
    assert_eq!(desk.halts(4), "-3");
    assert_eq!(desk.halts(3), "+2");
    assert_eq!(desk.starts(2), "+3");
    assert_eq!(desk.starts(3), "+4");

    assert_eq!(
        desk.fails(3),
        "-4",
        "the start that is under way is called off"
    );
    assert_eq!(desk.halts(4), "+3", "the second runs on");
    assert_eq!(desk.starts(3), "+4");
    assert_eq!(desk.starts(4), "");
    assert_eq!(desk.states(), "rrrr");
}

#[test]
fn the_delay_of_the_failed_child_delays_its_group() {
    // E8
    let mut desk = Desk::with(Strategy::OneForAll, 1);
    let backoff = Some(Backoff::exponential(SECOND, 60 * SECOND));
    desk.runs_as(
        2,
        Facts {
            backoff,
            ..facts("2", Restart::Permanent)
        },
    );

    assert_eq!(desk.fails(2), "-1");
    assert_eq!(desk.halts(1), "Group in 1s");
    assert_eq!(desk.states(), "ww");
    assert_eq!(desk.adds(3), "+3", "calls are not held up by it");
    assert_eq!(desk.starts(3), "ok3");
    assert_eq!(desk.group_is_due(), "-3");
    assert_eq!(desk.halts(3), "+1");
    assert_eq!(desk.starts(1), "+2");
    assert_eq!(desk.fails_to_start(2), "-1");
    assert_eq!(desk.halts(1), "Group in 2s");
}

#[test]
fn the_delay_of_a_group_does_not_hold_up_its_elders() {
    // E8
    let mut desk = Desk::with(Strategy::RestForOne, 1);
    let backoff = Some(Backoff::constant(60 * SECOND));
    desk.runs_as(
        2,
        Facts {
            backoff,
            ..facts("2", Restart::Permanent)
        },
    );
    assert_eq!(desk.fails(2), "Group in 60s");
    let overtaken = desk.plan.group_attempt;

    assert_eq!(desk.fails(1), "+1");
    assert_eq!(desk.starts(1), "+2");

    let late = desk.tell(|plan, _, out| plan.handle_retry(Timer::Group, overtaken, out));
    assert_eq!(late, "", "its delay is of the past");
}

#[test]
fn who_fails_while_its_group_waits_is_counted_and_waits_with_it() {
    // E5, E8
    let mut desk = Desk::empty(Strategy::OneForAll, 2);
    let backoff = Some(Backoff::constant(60 * SECOND));
    desk.runs_as(
        1,
        Facts {
            backoff,
            ..facts("1", Restart::Permanent)
        },
    );
    assert_eq!(desk.fails(1), "Group in 60s");
    assert_eq!(desk.adds(2), "+2");
    assert_eq!(desk.starts(2), "ok2");

    assert_eq!(desk.fails(2), "", "not before the others");
    assert_eq!(desk.group_is_due(), "+1");
    assert_eq!(desk.starts(1), "+2");
    assert_eq!(desk.fails_to_start(2), "Intensity", "the third");
}

#[test]
fn calls_during_a_group_restart_wait_for_their_turn() {
    // E11
    let mut desk = Desk::with(Strategy::OneForAll, 2);
    desk.runs(3, Restart::Permanent);
    assert_eq!(desk.terminates(3), "-3");
    assert_eq!(desk.halts(3), "x3");
    assert_eq!(desk.fails(1), "-2");

    assert_eq!(desk.restarts(3), "");
    assert_eq!(desk.adds(4), "");
    assert_eq!(
        desk.plan.get(4).unwrap().public_state(),
        ChildState::Starting
    );
    assert_eq!(desk.halts(2), "+1");
    assert_eq!(desk.starts(1), "+2");
    assert_eq!(desk.starts(2), "+3");
    assert_eq!(
        desk.fails_to_start(3),
        "x3 no3 +4",
        "that is its caller's affair"
    );
    assert_eq!(desk.starts(4), "ok4");
    assert_eq!(desk.states(), "rrxr");
}

#[test]
fn a_member_that_is_terminated_during_the_restart_of_its_group_stays_stopped() {
    // E11, E12
    let mut desk = Desk::with(Strategy::OneForAll, 3);
    assert_eq!(desk.fails(1), "-3");

    assert_eq!(desk.terminates(3), "", "it is being stopped already");
    assert_eq!(desk.terminates(1), "x1", "it does not run");
    assert_eq!(desk.halts(3), "x3 -2");
    assert_eq!(desk.halts(2), "+2");
    assert_eq!(desk.terminates(2), "-2");
    assert_eq!(desk.halts(2), "x2");
    assert_eq!(desk.states(), "xxx");
    assert!(desk.plan.group.is_none());
}

#[test]
fn a_child_that_had_to_be_given_up_counts_as_a_failure() {
    // E10
    let mut desk = Desk::empty(Strategy::OneForAll, 1);
    (1..=2).for_each(|key| desk.runs(key, Restart::Permanent));
    assert_eq!(desk.fails(1), "-2");

    assert_eq!(desk.halts_with(2, ExitReason::Unresponsive), "Intensity");
    assert_eq!(desk.starts(1), "", "nothing comes out any more");
}

#[test]
fn events_of_the_past_change_nothing() {
    // E15
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ] {
        let mut desk = Desk::with(strategy, 1);
        let old = desk.attempt(1);
        assert_eq!(desk.fails(1), "+1");

        let end = (failed(), true);
        let said = desk.tell(|plan, now, out| {
            plan.handle_ended(1, old, end.clone(), now, out);
            plan.handle_started(1, old, now, out);
            plan.handle_halted(1, old, failed(), now, out);
            plan.handle_retry(Timer::Child(1), old, out);
            plan.handle_ended(99, 1, end.clone(), now, out);
        });

        assert_eq!(said, "");
        assert_eq!(desk.states(), "s");
        assert_eq!(desk.starts(1), "");
        assert_eq!(desk.starts(1), "", "told twice");
        assert_eq!(desk.states(), "r");
    }
}

/// A plan, and what really runs.
struct World {
    desk: Desk,
    runs: [bool; 7],
}

impl World {
    fn state(&self, key: Key) -> Option<State> {
        self.desk.plan.get(key).map(|slot| slot.state)
    }

    /// Does one thing to one child, if it can happen.
    fn happens(&mut self, what: u64, key: Key) {
        let runs = &mut self.runs[usize::try_from(key).unwrap()];
        let said = match (what, self.desk.plan.get(key).map(|slot| slot.state)) {
            (0, Some(_)) if std::mem::take(runs) => self.desk.fails(key),
            (1, Some(State::Starting)) if std::mem::take(runs) => self.desk.fails_to_start(key),
            (2 | 3, Some(State::Starting)) if *runs => self.desk.starts(key),
            (4 | 5, Some(State::Stopping(_))) => {
                *runs = false;
                self.desk.halts(key)
            }
            (6, Some(_)) => self.desk.terminates(key),
            (6, None) if key == 6 => self.desk.adds(key),
            (7, Some(State::Stopped)) => self.desk.restarts(key),
            _ => return,
        };
        self.check(&said);
    }

    /// Whether all that was said can be done.
    fn check(&mut self, said: &str) {
        for action in said.split(' ').filter(|action| !action.is_empty()) {
            let key = action.get(1..).and_then(|key| key.parse::<usize>().ok());
            let runs = key.map(|key| &mut self.runs[key]);
            match (&action[..1], runs) {
                ("+", Some(runs)) => assert!(!std::mem::replace(runs, true), "{action} in {said}"),
                ("x", Some(runs)) => assert!(!*runs, "{action} in {said}"),
                _ => {}
            }
        }
    }

    /// Everything that is under way succeeds.
    fn comes_to_rest(&mut self) {
        for _ in 0..100 {
            (1..=6).for_each(|key| self.happens(4, key));
            // One that ended on its way up is told to have done so.
            for key in 1..=6 {
                match self.state(key) {
                    Some(State::Starting) if self.runs[usize::try_from(key).unwrap()] => {
                        self.happens(2, key);
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn whatever_happens_in_whatever_order_can_be_carried_out_and_comes_to_rest() {
    // E4, E15
    let mut seed = 1;
    let strategies = [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ];
    for round in 0..3_000 {
        let mut desk = Desk::empty(strategies[round % 3], 1_000);
        (1..=4).for_each(|key| desk.runs(key, Restart::Permanent));
        desk.runs(5, Restart::Temporary);
        let runs = [false, true, true, true, true, true, false];
        let mut world = World { desk, runs };
        for _ in 0..40 {
            let mut pick = |below: u64| (next_random(&mut seed) * below as f64) as u64;
            let (what, key) = (pick(8), 1 + pick(6));
            world.happens(what, key);
        }

        world.comes_to_rest();

        let states = world.desk.states();
        assert!(states.chars().all(|state| "rx".contains(state)), "{states}");
        assert!(world.desk.plan.group.is_none(), "{states}");
    }
}

#[test]
fn the_end_of_significant_children_ends_the_supervisor() {
    // E13
    let significant = |restart| Facts {
        significant: true,
        ..facts("s", restart)
    };
    let desk = |auto, restart, count: Key| {
        let mut desk = Desk::empty(Strategy::OneForAll, 10);
        desk.plan.auto_shutdown = auto;
        for key in 1..=count {
            let id = format!("s{key}");
            desk.runs_as(
                key,
                Facts {
                    id,
                    ..significant(restart)
                },
            );
        }
        desk.runs(9, Restart::Permanent);
        desk
    };

    let mut any = desk(AutoShutdown::Any, Restart::Temporary, 2);
    assert_eq!(any.fails(1), "x1 !1 Significant");
    let mut all = desk(AutoShutdown::All, Restart::Transient, 2);
    assert_eq!(all.ends(1, ExitReason::Normal), "x1");
    assert_eq!(all.fails(2), "-9", "it is restarted");
    let mut all = desk(AutoShutdown::All, Restart::Transient, 2);
    assert_eq!(all.ends(1, ExitReason::Normal), "x1");
    assert_eq!(all.ends(2, ExitReason::Shutdown), "x2 Significant");
    // What the supervisor brought about is no end of their own.
    let mut caused = desk(AutoShutdown::Any, Restart::Temporary, 2);
    assert_eq!(caused.terminates(1), "-1");
    assert_eq!(caused.halts(1), "x1 !1");
    assert_eq!(caused.fails(9), "-2");
    assert_eq!(caused.halts(2), "x2 !2 +9");
}

#[test]
fn senseless_specifications_are_refused() {
    // E13, E11
    let mut desk = Desk::empty(Strategy::OneForOne, 1);
    let significant = |restart| Facts {
        significant: true,
        ..facts("a", restart)
    };
    let invalid = |problem| Err(SupervisorError::Invalid("a".to_owned(), problem));
    let never = invalid(InvalidChild::SignificantNever);
    assert_eq!(desk.plan.check(&significant(Restart::Transient)), never);
    let permanent = invalid(InvalidChild::SignificantPermanent);
    assert_eq!(desk.plan.check(&significant(Restart::Permanent)), permanent);

    desk.plan.max_children = 1;
    desk.runs(1, Restart::Permanent);
    let full = Err(SupervisorError::MaxChildren(1));
    assert_eq!(desk.plan.check(&facts("2", Restart::Permanent)), full);
    let again = Err(SupervisorError::AlreadyStarted("1".to_owned()));
    assert_eq!(desk.plan.check(&facts("1", Restart::Permanent)), again);
}

#[test]
fn a_new_child_that_does_not_start_is_forgotten_and_counts_as_no_failure() {
    // E11
    let mut desk = Desk::empty(Strategy::OneForOne, 0);
    assert_eq!(desk.adds(1), "+1");
    assert_eq!(desk.fails_to_start(1), "x1 no1 !1");
    assert_eq!(
        desk.plan.find("1"),
        Err(SupervisorError::NotFound("1".to_owned()))
    );

    assert_eq!(desk.adds(2), "+2");
    assert_eq!(desk.terminates(2), "-2");
    assert_eq!(desk.halts(2), "x2 no2 !2");
}
