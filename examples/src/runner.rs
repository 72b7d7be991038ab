//! Serves one request: prints what there is to read, or runs a topology and turns its outcome into an exit code.

use std::process::ExitCode;

use serde_json::{Value, json};
use tokio::runtime;

use crate::cli::{self, Action, Request};
use crate::console::Console;
use crate::exit::{self, Failure};
use crate::interrupt::Interrupt;
use crate::logging;
use crate::simulation;
use crate::topology::{self, About, Outcome, Selection, Stage};

/// Serves `request`; the code says how it went.
pub(crate) fn serve(request: Request) -> ExitCode {
    let console = Console::new(request.json);
    let code = match request.command {
        Action::List => list(&console),
        Action::Describe(about) => describe(&console, about),
        Action::Run(selection, Some(seeds)) => {
            // Of many runs nobody reads the log; the one that fails is seen again alone.
            if seeds.end - seeds.start == 1 {
                logging::install(&console, selection.log_level());
            }
            simulation::serve(&selection, seeds, &console)
        }
        Action::Run(selection, None) => run(selection, &console),
    };
    // Every other code is an error already.
    let is_lost = code == exit::HELD && console.has_failed();
    ExitCode::from(if is_lost { exit::BROKEN } else { code })
}

fn list(console: &Console) -> u8 {
    if console.is_json() {
        let all =
            topology::ALL.map(|about| json!({ "name": about.name, "summary": about.summary }));
        console.json(&json!({ "topologies": all }));
        return exit::HELD;
    }
    let width = topology::ALL
        .iter()
        .map(|about| about.name.len())
        .max()
        .unwrap_or(0);
    for about in topology::ALL {
        console.line(format!("{:width$}  {}", about.name, about.summary));
    }
    console.line("\n`actors describe NAME` explains one, `actors run NAME` runs it.");
    exit::HELD
}

fn describe(console: &Console, about: &About) -> u8 {
    let parameters = Parameter::all_of(about);
    if console.is_json() {
        let parameters: Vec<Value> = parameters.iter().map(Parameter::json).collect();
        console.json(&json!({
            "name": about.name,
            "summary": about.summary,
            "shows": about.shows,
            "parameters": parameters,
            "invariant": about.invariant,
        }));
        return exit::HELD;
    }

    console.line(format!("{}: {}\n", about.name, about.summary));
    console.line(about.shows);
    console.line(format!("\nActors\n{}", indented(about.drawing)));
    console.line("\nParameters");
    if parameters.is_empty() {
        console.line("  none");
    }
    for Parameter { usage, help, .. } in &parameters {
        console.line(format!("  {usage}\n      {help}"));
    }
    console.line(format!("\nInvariant\n{}", indented(about.invariant)));
    let required = parameters.iter().filter(|parameter| parameter.is_required);
    let words: String = required
        .map(|parameter| format!(" {}", parameter.usage))
        .collect();
    console.line(format!("\nRun it with `actors run {}{words}`.", about.name));
    exit::HELD
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A parameter of a topology, as its grammar knows it.
struct Parameter {
    usage: String,
    /// With the default at its end.
    help: String,
    default: Option<String>,
    is_required: bool,
}

impl Parameter {
    fn all_of(about: &About) -> Vec<Parameter> {
        cli::parameters(about.name)
            .iter()
            .map(Parameter::read)
            .collect()
    }

    fn read(argument: &clap::Arg) -> Parameter {
        let defaults = argument.get_default_values();
        let default = (!defaults.is_empty() && argument.get_action().takes_values()).then(|| {
            defaults
                .iter()
                .map(|value| value.to_string_lossy())
                .collect::<Vec<_>>()
                .join(" ")
        });
        let mut help = argument
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        if let Some(default) = &default {
            help.push_str(&format!(" [default: {default}]"));
        }
        Parameter {
            usage: argument.to_string(),
            help,
            default,
            is_required: argument.is_required_set(),
        }
    }

    fn json(&self) -> Value {
        json!({ "usage": self.usage, "help": self.help, "default": self.default })
    }
}

fn run(selection: Selection, console: &Console) -> u8 {
    logging::install(console, selection.log_level());
    let &About {
        name, at_interrupt, ..
    } = selection.about();
    let runtime = match runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return report_failure(
                name,
                &Failure::machinery("starting the runtime", error),
                console,
            );
        }
    };

    let result = runtime.block_on(async {
        let speaker = console.clone();
        let interrupt = Interrupt::listen(move || {
            speaker.note(format!(
                "interrupted: {at_interrupt} (Ctrl-C again leaves at once)"
            ));
        })
        .map_err(|error| Failure::machinery("listening for Ctrl-C", error))?;
        selection
            .run(&Stage {
                console: console.clone(),
                interrupt,
                is_simulated: false,
            })
            .await
    });

    // A worker thread that was abandoned at shutdown may still block; the process does not wait for it.
    runtime.shutdown_background();
    match result {
        Ok(outcome) => report_outcome(&outcome, console),
        Err(failure) => report_failure(name, &failure, console),
    }
}

fn report_outcome(outcome: &Outcome, console: &Console) -> u8 {
    for line in &outcome.summary {
        console.line(line);
    }
    if console.is_json() {
        console.json(&outcome.json);
    }
    match outcome {
        Outcome {
            interrupted: true, ..
        } => exit::INTERRUPTED,
        Outcome { held: true, .. } => exit::HELD,
        Outcome { held: false, .. } => exit::BROKEN,
    }
}

fn report_failure(name: &str, failure: &Failure, console: &Console) -> u8 {
    console.note(format!("error: {failure}"));
    if console.is_json() {
        console.json(&json!({ "topology": name, "ok": false, "error": failure.to_string() }));
    }
    failure.code()
}
