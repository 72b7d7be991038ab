//! The rules of supervision, written down a second time: simple, slow and without any concurrency. It knows nothing of the supervisor that
//! it is compared with.
//!
//! Everything happens at once and in one place, as in a supervisor that blocks: what the real one reaches by events, it must reach before
//! the next step of the script.

use std::collections::{HashMap, VecDeque};

use super::script::{Case, How, KidSpec, Step};
use actor_core::{AutoShutdown, Restart, Strategy};

/// The window of failures, in milliseconds. No sum of the script's times comes near it, so no rounding matters.
pub(super) const PERIOD: u64 = 4_770;
/// The delay of a child that has one.
pub(super) const BACKOFF: u64 = 1_500;
/// What a step takes.
pub(super) const STEP: u64 = 20;
/// What a pause takes, each.
pub(super) const PAUSE: u64 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Restarting,
    Stopped,
}

#[derive(Clone, Debug)]
struct Kid {
    id: String,
    spec: KidSpec,
    state: State,
    /// When it is started again; for `OneForOne` only.
    due: Option<u64>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    NotFound,
    AlreadyPresent,
    AlreadyStarted,
    Running,
    Restarting,
    MaxChildren,
    Invalid,
    StartFailed,
    Unavailable,
}

pub(super) struct Model {
    strategy: Strategy,
    auto: AutoShutdown,
    max_failures: usize,
    max_children: usize,
    now: u64,
    kids: Vec<Kid>,
    failures: Vec<u64>,
    /// The place of the eldest that waits, and when it goes on; for groups only.
    group: Option<(usize, u64)>,
    orders: HashMap<String, VecDeque<bool>>,
    pub(super) trace: Vec<String>,
    pub(super) has_ended: bool,
}

impl Model {
    pub(super) fn new(case: &Case) -> Self {
        Model {
            strategy: case.strategy,
            auto: case.auto,
            max_failures: case.max_failures,
            max_children: case.max_children,
            now: 0,
            kids: Vec::new(),
            failures: Vec::new(),
            group: None,
            orders: HashMap::new(),
            trace: Vec::new(),
            has_ended: false,
        }
    }

    /// The start of the supervisor with its first children. `Err` with the id of the one that did not start.
    pub(super) fn begin(&mut self, kids: &[KidSpec], failing: Option<usize>) -> Result<(), String> {
        for (place, spec) in kids.iter().enumerate() {
            let id = super::script::id_of(place);
            self.trace.push(format!("start {id}"));
            if failing == Some(place) {
                self.end();
                return Err(id);
            }
            self.push(id, *spec);
        }
        Ok(())
    }

    fn push(&mut self, id: String, spec: KidSpec) {
        let (state, due) = (State::Running, None);
        self.kids.push(Kid {
            id,
            spec,
            state,
            due,
        });
    }

    pub(super) fn children(&self) -> Vec<(String, State)> {
        let kids = self.kids.iter();
        kids.map(|kid| (kid.id.clone(), kid.state)).collect()
    }

    /// The same step with those that end in one moment in the order of the children, those that run, and each once: what is sent to the
    /// others, or twice, waits for their next incarnation. In another order the eldest may find its juniors being restarted already, and
    /// how far that got is nobody's promise.
    pub(super) fn in_order(&self, step: &Step) -> Step {
        let mut step = step.clone();
        if let Step::Exit(exits) = &mut step {
            exits.sort_by_key(|(id, _)| self.place(id));
            exits.dedup_by(|(one, _), (other, _)| one == other);
            exits.retain(|(id, _)| {
                let place = self.place(id);
                place.is_some_and(|place| self.kids[place].state == State::Running)
            });
        }
        step
    }

    /// One step of the script, and the time that it takes.
    pub(super) fn step(&mut self, step: &Step) -> Outcome {
        let outcome = self.act(step);
        self.pass(STEP);
        outcome
    }

    fn act(&mut self, step: &Step) -> Outcome {
        if self.has_ended {
            return Outcome::Unavailable;
        }
        match step {
            Step::Exit(exits) => self.exit(exits),
            Step::FailStarts(id, times) => {
                let orders = self.orders.entry(id.clone()).or_default();
                orders.extend(std::iter::repeat_n(false, *times));
            }
            Step::Pause(times) => self.pass(PAUSE * times),
            Step::Start(id, spec) => return self.start_child(id, *spec),
            Step::Restart(id) => return self.restart_child(id),
            Step::Terminate(id) => return self.terminate_child(id),
            Step::Delete(id) => return self.delete_child(id),
        }
        Outcome::Done
    }

    /// Time goes by; delayed restarts happen in their order.
    fn pass(&mut self, time: u64) {
        let end = self.now + time;
        while let Some(due) = self.next_due().filter(|due| *due <= end && !self.has_ended) {
            self.now = due;
            if let Some((from, at)) = self.group
                && at == due
            {
                self.group = None;
                self.restart_from(from);
            } else if let Some(place) = self.kids.iter().position(|kid| kid.due == Some(due)) {
                self.kids[place].due = None;
                self.try_again(place);
            }
        }
        self.now = end;
    }

    fn next_due(&self) -> Option<u64> {
        let kids = self.kids.iter().filter_map(|kid| kid.due);
        kids.chain(self.group.map(|(_, at)| at)).min()
    }

    // Ends.

    /// Several end in the same moment; the supervisor hears of all before anything is started again.
    fn exit(&mut self, exits: &[(String, How)]) {
        let mut dead = Vec::new();
        for (id, how) in exits {
            let place = self.place(id);
            if let Some(place) = place.filter(|place| self.kids[*place].state == State::Running)
                && !dead.iter().any(|(other, _)| other == id)
            {
                if *how != How::Kill {
                    self.trace.push(format!("stop {}", self.kids[place].id));
                }
                dead.push((id.clone(), *how));
            }
        }
        // Nobody is stopped who is dead already.
        for (id, _) in &dead {
            let place = self.place(id).expect("it ran a moment ago");
            self.kids[place].state = State::Restarting;
        }
        let mut from = None;
        let mut delay = 0;
        for (id, how) in dead {
            let place = self.place(&id).expect("it ran a moment ago");
            if !wants(self.kids[place].spec.restart, how) {
                self.gone_for_good(place);
                // Those after it have moved up.
                from = from.map(|from: usize| from - usize::from(self.is_gone(&id, place, from)));
            } else if let Some((eldest, later)) = self.failed(place, from) {
                (from, delay) = (Some(eldest), later);
            }
            if self.has_ended {
                return;
            }
        }
        if let Some(from) = from {
            self.restart_later(from, delay);
        }
    }

    /// Whether the specification of a child at this place is gone, which was before the eldest that is to be restarted.
    fn is_gone(&self, id: &str, place: usize, from: usize) -> bool {
        place < from && self.place(id).is_none()
    }

    /// A child failed. Returns from where on its group is to be restarted, and after how long, if that is news.
    fn failed(&mut self, place: usize, from: Option<usize>) -> Option<(usize, u64)> {
        let delay = delay_of(&self.kids[place]);
        if self.strategy == Strategy::OneForOne {
            if self.count() {
                self.restart_alone(place, delay);
            }
            return None;
        }
        if from.is_some_and(|from| from <= place) {
            // Part of what is being restarted anyway.
            return None;
        }
        if !self.count() {
            return None;
        }
        let own = if self.strategy == Strategy::OneForAll {
            0
        } else {
            place
        };
        match self.group {
            // It waits with the group.
            Some((eldest, _)) if eldest <= own => None,
            _ => {
                self.group = None;
                Some((own, delay))
            }
        }
    }

    fn gone_for_good(&mut self, place: usize) {
        let kid = &mut self.kids[place];
        let (spec, id) = (kid.spec, kid.id.clone());
        kid.state = State::Stopped;
        if spec.restart == Restart::Temporary {
            self.remove(place);
        }
        let is_left =
            |kid: &Kid| kid.id != id && kid.spec.significant && kid.state != State::Stopped;
        let ends = match self.auto {
            AutoShutdown::Any => spec.significant,
            AutoShutdown::All => spec.significant && !self.kids.iter().any(is_left),
            _ => false,
        };
        if ends {
            self.end();
        }
    }

    fn count(&mut self) -> bool {
        let now = self.now;
        self.failures.retain(|then| now - then <= PERIOD);
        self.failures.push(now);
        let is_within = self.failures.len() <= self.max_failures;
        if !is_within {
            self.end();
        }
        is_within
    }

    fn end(&mut self) {
        for kid in self.kids.iter().rev() {
            if kid.state == State::Running {
                self.trace.push(format!("stop {}", kid.id));
            }
        }
        self.kids.clear();
        self.group = None;
        self.has_ended = true;
    }

    // Restarts.

    fn restart_alone(&mut self, place: usize, delay: u64) {
        if delay > 0 {
            self.kids[place].due = Some(self.now + delay);
        } else {
            self.try_again(place);
        }
    }

    fn try_again(&mut self, place: usize) {
        if self.does_start(place) {
            self.kids[place].state = State::Running;
        } else if self.count() {
            let delay = delay_of(&self.kids[place]);
            self.restart_alone(place, delay);
        }
    }

    fn restart_later(&mut self, from: usize, delay: u64) {
        self.stop_from(from);
        if delay > 0 {
            self.group = Some((from, self.now + delay));
        } else {
            self.restart_from(from);
        }
    }

    fn stop_from(&mut self, from: usize) {
        for place in (from..self.kids.len()).rev() {
            if self.kids[place].state == State::Running {
                self.trace.push(format!("stop {}", self.kids[place].id));
                self.kids[place].state = State::Restarting;
                if self.kids[place].spec.restart == Restart::Temporary {
                    self.remove(place);
                }
            }
        }
    }

    fn restart_from(&mut self, from: usize) {
        self.stop_from(from);
        for place in from..self.kids.len() {
            if self.kids[place].state != State::Restarting {
                continue;
            }
            if self.does_start(place) {
                self.kids[place].state = State::Running;
            } else {
                if self.count() {
                    let delay = delay_of(&self.kids[place]);
                    self.restart_later(from, delay);
                }
                return;
            }
        }
    }

    fn does_start(&mut self, place: usize) -> bool {
        let id = self.kids[place].id.clone();
        self.goes(&id)
    }

    fn goes(&mut self, id: &str) -> bool {
        self.trace.push(format!("start {id}"));
        let orders = self.orders.get_mut(id);
        orders.and_then(VecDeque::pop_front).unwrap_or(true)
    }

    // Calls.

    fn place(&self, id: &str) -> Option<usize> {
        self.kids.iter().position(|kid| kid.id == id)
    }

    fn remove(&mut self, place: usize) {
        self.kids.remove(place);
        if let Some((from, _)) = &mut self.group
            && place < *from
        {
            *from -= 1;
        }
    }

    fn start_child(&mut self, id: &str, spec: KidSpec) -> Outcome {
        let is_never = self.auto == AutoShutdown::Never;
        if spec.significant && (is_never || spec.restart == Restart::Permanent) {
            return Outcome::Invalid;
        }
        if let Some(place) = self.place(id) {
            return match self.kids[place].state {
                State::Running => Outcome::AlreadyStarted,
                State::Restarting | State::Stopped => Outcome::AlreadyPresent,
            };
        }
        if self.kids.len() >= self.max_children {
            return Outcome::MaxChildren;
        }
        if !self.goes(id) {
            return Outcome::StartFailed;
        }
        self.push(id.to_owned(), spec);
        Outcome::Done
    }

    fn restart_child(&mut self, id: &str) -> Outcome {
        let Some(place) = self.place(id) else {
            return Outcome::NotFound;
        };
        match self.kids[place].state {
            State::Running => return Outcome::Running,
            State::Restarting => return Outcome::Restarting,
            State::Stopped => {}
        }
        if !self.does_start(place) {
            return Outcome::StartFailed;
        }
        self.kids[place].state = State::Running;
        Outcome::Done
    }

    fn terminate_child(&mut self, id: &str) -> Outcome {
        let Some(place) = self.place(id) else {
            return Outcome::NotFound;
        };
        if self.kids[place].state == State::Running {
            self.trace.push(format!("stop {id}"));
        }
        let kid = &mut self.kids[place];
        (kid.state, kid.due) = (State::Stopped, None);
        if kid.spec.restart == Restart::Temporary {
            self.remove(place);
        }
        Outcome::Done
    }

    fn delete_child(&mut self, id: &str) -> Outcome {
        let Some(place) = self.place(id) else {
            return Outcome::NotFound;
        };
        match self.kids[place].state {
            State::Running => Outcome::Running,
            State::Restarting => Outcome::Restarting,
            State::Stopped => {
                self.remove(place);
                Outcome::Done
            }
        }
    }
}

fn wants(restart: Restart, how: How) -> bool {
    match restart {
        Restart::Permanent => true,
        Restart::Transient => how != How::Stop,
        Restart::Temporary => false,
    }
}

fn delay_of(kid: &Kid) -> u64 {
    if kid.spec.has_backoff { BACKOFF } else { 0 }
}
