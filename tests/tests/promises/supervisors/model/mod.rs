//! The supervisor against a model of its rules, on random scripts of ends, failing starts and calls.
//!
//! 2,000 scripts by default. The full run, and the replay of a failure, whose seed is printed with the shortest script that still fails:
//!
//! ```text
//! SUPERVISOR_CASES=100000 cargo test --release -p tests --test promises supervisors::model
//! PROMISES_SEED=<seed> cargo test -p tests --test promises supervisors::model
//! ```

mod reference;
mod script;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use actor_core::prelude::*;
use actor_core::{ChildState, StartError, SupervisorError};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use tests::paused_system;
use tests::random::Random;

use reference::{BACKOFF, Model, Outcome, PAUSE, PERIOD, STEP, State};
use script::{Case, How, KidSpec, Step, case, id_of};

/// What the children read and write.
#[derive(Default)]
struct World {
    trace: Vec<String>,
    orders: HashMap<String, VecDeque<bool>>,
}

struct Kid {
    id: String,
    world: Arc<Mutex<World>>,
}

impl Actor for Kid {
    type Msg = How;

    async fn started(&mut self, _ctx: &mut Context<Self>) -> ActorResult {
        let mut world = self.world.lock().unwrap();
        world.trace.push(format!("start {}", self.id));
        let orders = world.orders.get_mut(&self.id);
        match orders.and_then(VecDeque::pop_front).unwrap_or(true) {
            true => Ok(()),
            false => Err("ordered to fail".into()),
        }
    }

    async fn handle(&mut self, how: How, ctx: &mut Context<Self>) -> ActorResult {
        match how {
            How::Fail => return Err("told to fail".into()),
            How::Stop | How::Kill => ctx.stop(),
        }
        Ok(())
    }

    async fn stopped(&mut self, _reason: &ExitReason, _ctx: &mut Context<Self>) {
        let said = format!("stop {}", self.id);
        self.world.lock().unwrap().trace.push(said);
    }
}

/// The real supervisor, told the same.
struct Real {
    supervisor: SupervisorRef,
    world: Arc<Mutex<World>>,
    kids: HashMap<String, ActorRef<How>>,
}

impl Real {
    fn spec(&self, id: &str, spec: KidSpec) -> (ChildSpec, ActorRef<How>) {
        spec_of(&self.world, id, spec)
    }

    async fn step(&mut self, step: &Step) -> Outcome {
        let called = match step {
            Step::Exit(exits) => {
                exits.iter().for_each(|(id, how)| self.end(id, *how));
                Ok(())
            }
            Step::FailStarts(id, times) => {
                let mut world = self.world.lock().unwrap();
                let orders = world.orders.entry(id.clone()).or_default();
                orders.extend(std::iter::repeat_n(false, *times));
                Ok(())
            }
            Step::Pause(times) => {
                tokio::time::sleep(Duration::from_millis(PAUSE * times)).await;
                Ok(())
            }
            Step::Start(id, spec) => {
                let (spec, kid) = self.spec(id, *spec);
                let called = self.supervisor.start_child(spec).await;
                match called {
                    Ok(()) => drop(self.kids.insert(id.clone(), kid)),
                    Err(_) => assert!(kid.is_closed(), "a child that was refused has ended"),
                }
                called
            }
            Step::Restart(id) => self.supervisor.restart_child(id).await,
            Step::Terminate(id) => self.supervisor.terminate_child(id).await,
            Step::Delete(id) => self.supervisor.delete_child(id).await,
        };
        // On a paused clock this returns when there is nothing left to do.
        tokio::time::sleep(Duration::from_millis(STEP)).await;
        outcome_of(called)
    }

    fn end(&self, id: &str, how: How) {
        match self.kids.get(id) {
            Some(kid) if how == How::Kill => kid.kill(),
            Some(kid) => drop(kid.try_send(how)),
            None => {}
        }
    }

    async fn children(&self) -> Vec<(String, State)> {
        let Ok(children) = self.supervisor.which_children().await else {
            return Vec::new();
        };
        let children = children.into_iter();
        children
            .map(|child| {
                let state = match child.state {
                    ChildState::Running => State::Running,
                    ChildState::Restarting => State::Restarting,
                    ChildState::Stopped => State::Stopped,
                    other => panic!("{} is {other:?} when all is quiet", child.id),
                };
                (child.id, state)
            })
            .collect()
    }
}

fn spec_of(world: &Arc<Mutex<World>>, id: &str, spec: KidSpec) -> (ChildSpec, ActorRef<How>) {
    let (kid, world) = (id.to_owned(), Arc::clone(world));
    let mut child = ChildSpec::new(id, move || Kid {
        id: kid.clone(),
        world: Arc::clone(&world),
    })
    .restart(spec.restart)
    .significant(spec.significant);
    if spec.has_backoff {
        child = child.backoff(Backoff::constant(Duration::from_millis(BACKOFF)));
    }
    child.build()
}

fn outcome_of(called: Result<(), SupervisorError>) -> Outcome {
    match called {
        Ok(()) => Outcome::Done,
        Err(SupervisorError::NotFound(_)) => Outcome::NotFound,
        Err(SupervisorError::AlreadyPresent(_)) => Outcome::AlreadyPresent,
        Err(SupervisorError::AlreadyStarted(_)) => Outcome::AlreadyStarted,
        Err(SupervisorError::Running(_)) => Outcome::Running,
        Err(SupervisorError::Restarting(_)) => Outcome::Restarting,
        Err(SupervisorError::MaxChildren(_)) => Outcome::MaxChildren,
        Err(SupervisorError::Invalid(..)) => Outcome::Invalid,
        Err(SupervisorError::StartFailed(_)) => Outcome::StartFailed,
        Err(SupervisorError::Unavailable) => Outcome::Unavailable,
        Err(other) => panic!("{other}"),
    }
}

type Checked = Result<(), String>;

/// One script, played to both.
async fn play(case: &Case) -> Checked {
    let system = paused_system();
    let mut model = Model::new(case);
    let world = Arc::new(Mutex::new(World::default()));
    let mut builder = Supervisor::builder(case.strategy)
        .intensity(
            u32::try_from(case.max_failures).unwrap(),
            Duration::from_millis(PERIOD),
        )
        .auto_shutdown(case.auto)
        .max_children(case.max_children);
    let mut kids = HashMap::new();
    for (number, spec) in case.kids.iter().enumerate() {
        let id = id_of(number);
        let (spec, kid) = spec_of(&world, &id, *spec);
        builder = builder.child(spec);
        kids.insert(id, kid);
    }
    if let Some(failing) = case.failing {
        let mut world = world.lock().unwrap();
        world.orders.insert(id_of(failing), [false].into());
    }
    let begun = model.begin(&case.kids, case.failing);
    let started = match (builder.start(&system).await, begun) {
        (Ok(supervisor), Ok(())) => Some(supervisor),
        (Err(StartError::Child { id, .. }), Err(failed)) if id == failed => None,
        (Err(error), _) => return Err(format!("it did not start: {error}")),
        (Ok(_), Err(failed)) => return Err(format!("it started without {failed}")),
    };
    if let Some(supervisor) = started {
        let real = Real {
            supervisor,
            world,
            kids,
        };
        follow(case, model, real).await?;
    } else {
        same("trace", &model.trace, &world.lock().unwrap().trace)?;
    }
    system.shutdown(Duration::from_secs(1)).await;
    same("actors left", &0, &system.live_actors())
}

async fn follow(case: &Case, mut model: Model, mut real: Real) -> Checked {
    for (number, step) in case.steps.iter().enumerate() {
        let compared = compare(case, step, &mut model, &mut real).await;
        compared.map_err(|what| format!("step {number}, {step:?}: {what}"))?;
        if model.has_ended {
            break;
        }
    }
    Ok(())
}

async fn compare(case: &Case, step: &Step, model: &mut Model, real: &mut Real) -> Checked {
    let step = &model.in_order(step);
    let expected = model.step(step);
    let outcome = real.step(step).await;
    same("outcome", &expected, &outcome)?;
    if model.has_ended {
        let ended = tokio::time::timeout(Duration::from_secs(60), real.supervisor.wait()).await;
        same("end", &Ok(ExitReason::Shutdown), &ended)?;
    }
    let children = real.children().await;
    same("children", &model.children(), &children)?;
    if let Ok(counts) = real.supervisor.count_children().await {
        let running = |(_, state): &&(String, State)| *state == State::Running;
        let active = children.iter().filter(running).count();
        same(
            "counts",
            &(children.len(), active),
            &(counts.specs, counts.active),
        )?;
    }
    for (id, kid) in &real.kids {
        let state = children.iter().find(|(other, _)| other == id);
        let is_open = state.is_some_and(|(_, state)| *state != State::Stopped);
        same(&format!("{id} is closed"), &!is_open, &kid.is_closed())?;
    }
    let expected = std::mem::take(&mut model.trace);
    let trace = std::mem::take(&mut real.world.lock().unwrap().trace);
    compare_traces(case, model.has_ended, expected, trace)
}

/// Siblings of a group are started and stopped one at a time, in order; others restart beside each other.
fn compare_traces(
    case: &Case,
    has_ended: bool,
    mut expected: Vec<String>,
    mut trace: Vec<String>,
) -> Checked {
    let is_single = |step: &Step| !matches!(step, Step::Exit(exits) if exits.len() > 1);
    let is_sequential = case.strategy != Strategy::OneForOne || case.steps.iter().all(is_single);
    if !is_sequential {
        if has_ended {
            // Who got how far when it was once too often is nobody's promise.
            return Ok(());
        }
        let by_kid = |line: &String| line.chars().last();
        expected.sort_by_key(by_kid);
        trace.sort_by_key(by_kid);
    }
    same("trace", &expected, &trace)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, real: &T) -> Checked {
    match expected == real {
        true => Ok(()),
        false => Err(format!("{what}: expected {expected:?}, found {real:?}")),
    }
}

// E3, E4, E5, E6, E7, E9, E11, E12, E13, E2: against the rules written down a second time.
#[test]
fn the_supervisor_does_what_the_model_does() {
    let cases = std::env::var("SUPERVISOR_CASES").map_or(2_000, |cases| cases.parse().unwrap());
    let seed = Random::fresh_seed();
    let mut runner = TestRunner::new(Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();

    let run = runner.run(&case(), |case| {
        let played = runtime.block_on(play(&case));
        played.map_err(TestCaseError::fail)
    });

    match run {
        Ok(()) => {}
        Err(TestError::Fail(why, case)) => panic!("PROMISES_SEED={seed}: {why}\n{case:#?}"),
        Err(TestError::Abort(why)) => panic!("PROMISES_SEED={seed}: {why}"),
    }
}
