//! `spinner`: a terminal spinner that keeps turning beside a slow worker, wherever the worker is placed.
//!
//! | file        | what is in it                                          |
//! |-------------|--------------------------------------------------------|
//! | `actors.rs` | the spinner and the slow worker                        |
//! | `place.rs`  | starting the worker in a task, a thread or a process   |

mod actors;
mod place;

use std::fmt;
use std::time::Duration;

use actor_core::prelude::{ActorSystem, BoxError};
use serde_json::{Value, json};

use self::actors::{Done, Spinner, SpinnerMsg, TURN};
pub(crate) use self::actors::{Work, Worker};
use crate::exit::Failure;
use crate::topology::{About, Outcome, Stage, counted, rounded};

/// What there is to read about it.
pub(crate) const ABOUT: About = About {
    name: "spinner",
    summary: "A terminal spinner beside a slow worker, in a task, a thread or a process",
    shows: "\
Placement. The same slow worker, started three ways, and a spinner that turns
on a timer as long as the answer is not there. In a task the worker waits with
`.await`, so it shares its thread with the spinner; on a thread or in a process
of its own it blocks, as slow work does, and disturbs nobody. Asking it is the
same in all three cases.",
    drawing: "\
system
|-- spinner   a task; turns every 80 ms
`-- worker    in a task, on a thread or in a child process, by --placement",
    invariant: "\
The worker answers, from where it was placed, and the spinner turns while it works.",
    at_interrupt: "stopping, whatever the worker does",
};

/// How long the worker may take beyond its work before it counts as stuck; starting a process is part of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Its parameters.
#[derive(clap::Args, Clone, Debug, PartialEq)]
pub(crate) struct Args {
    /// Where the worker runs
    #[arg(long, value_enum, default_value_t = Where::Task)]
    placement: Where,

    /// How long the worker works, in seconds, 0.5 to 3600
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = parse_seconds)]
    seconds: f64,
}

/// Where the worker runs.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq)]
enum Where {
    /// As an async task among the others
    Task,
    /// On a thread of its own
    Thread,
    /// In a child process
    Process,
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Where::Task => "task",
            Where::Thread => "thread",
            Where::Process => "process",
        })
    }
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    // Shorter work may be over before the first turn is due.
    match text.parse() {
        Ok(seconds) if (0.5..=3600.0).contains(&seconds) => Ok(seconds),
        Ok(seconds) => Err(format!("{seconds} is not in 0.5 to 3600")),
        Err(_) => Err("not a number of seconds".to_owned()),
    }
}

/// What was seen of a whole run.
struct Seen {
    /// How often the spinner turned between the question and the answer.
    turns: u64,
    /// The worker's answer; `None` if Ctrl-C came first.
    done: Option<Done>,
}

/// Runs it: asks the worker, lets the spinner turn until it answers.
///
/// # Errors
/// If the worker cannot be started or does not answer.
pub(crate) async fn run(args: Args, stage: &Stage) -> Result<Outcome, Failure> {
    if stage.is_simulated && args.placement == Where::Process {
        return Err(Failure::Input(
            "a child process runs in real time, so it has no place in a simulation: use --placement task or thread".to_owned(),
        ));
    }
    let system = ActorSystem::new(ABOUT.name);
    let seen = watch(&system, &args, stage).await;
    // After Ctrl-C a worker that blocks its thread may not see the end in time; the process does not wait for it.
    system.shutdown(Duration::from_secs(1)).await;
    let seen = seen.map_err(|error| Failure::machinery("letting the worker work", error))?;
    let mut outcome = outcome(&args, &seen);
    if stage.is_simulated {
        // Which process it was is no matter of the seed.
        outcome.json["worker_pid"] = Value::Null;
    }
    Ok(outcome)
}

async fn watch(system: &ActorSystem, args: &Args, stage: &Stage) -> Result<Seen, BoxError> {
    let work = Duration::from_secs_f64(args.seconds);
    let worker = place::start(system, args.placement, stage).await?;
    let spinner = system
        .start(Spinner::new(stage.console.spinner("working")))
        .await?;

    stage.console.line(format!(
        "asking the worker ({}) for {} s of work",
        args.placement, args.seconds
    ));
    let before = spinner.ask(SpinnerMsg::Turns).await?;
    let done = tokio::select! {
        biased;
        done = worker.ask_within(work + PATIENCE, |reply| actors::Work { seconds: args.seconds, reply }) => Some(done?),
        () = stage.interrupt.requested() => None,
    };
    let turns = spinner.ask(SpinnerMsg::Turns).await? - before;
    Ok(Seen { turns, done })
}

fn outcome(args: &Args, Seen { turns, done }: &Seen) -> Outcome {
    let due = (args.seconds / TURN.as_secs_f64()) as u64;
    let is_elsewhere = done
        .as_ref()
        .is_some_and(|done| done.pid != std::process::id());
    let is_placed = done.is_none() || is_elsewhere == (args.placement == Where::Process);
    let interrupted = done.is_none();
    let held = is_placed && (interrupted || *turns > 0);
    let verdict = match (held, interrupted) {
        (true, false) => "held: the worker answered and the spinner turned meanwhile",
        (true, true) => "interrupted before the worker answered",
        (false, _) if !is_placed => "BROKEN: the worker did not run where it was placed",
        (false, _) => "BROKEN: the spinner stood still",
    };
    let answer = done.as_ref().map(|done| {
        let Done {
            pid,
            thread,
            seconds,
        } = done;
        format!(
            "the worker ({}) worked {seconds:.2} s in process {pid} on thread `{thread}`",
            args.placement
        )
    });
    let spun = format!(
        "the spinner turned {} meanwhile, of {due} due",
        counted(*turns, "time")
    );
    Outcome {
        held,
        interrupted,
        json: json!({
            "topology": ABOUT.name,
            "ok": held && !interrupted,
            "placement": args.placement.to_string(),
            "worked_s": done.as_ref().map(|done| rounded(done.seconds)),
            "worker_pid": done.as_ref().map(|done| done.pid),
            "turns": turns,
            "turns_due": due,
        }),
        summary: answer
            .into_iter()
            .chain([spun, verdict.to_owned()])
            .collect(),
    }
}

#[cfg(test)]
mod tests;
