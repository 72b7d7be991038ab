//! The command line: its grammar, and errors that say what to do next.
//!
//! Decides nothing about a run; it turns words into a [`Request`] or a refusal.

use std::ffi::OsString;
use std::io::{self, Write};
use std::ops::Range;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::chaos;
use crate::console::{Console, is_loss};
use crate::exit;
use crate::primes;
use crate::simulation::{SimArgs, parse_seeds};
use crate::topology::{self, About, Selection};

const EXAMPLES: &str = "\
Examples:
  actors                                   run `primes` with its defaults
  actors run primes --input numbers.txt    the same for numbers of your own
  actors run primes --kill-worker          the same while one worker is killed
  actors run wordcount ~/texts             count the words of a folder
  actors run countdown --sim --seed 7      the same run every time, in virtual time
  actors run bank --sim --seeds 0..1000    a thousand orders of events, or the first that breaks it
  actors run chaos --seconds 30 --seed 7   pools under random kills, and a ledger of every job
  actors describe wordcount                what it shows, its actors, its parameters
  actors --json run primes                 one JSON object as the last line of standard output

Exit codes: 0 the invariant held, 1 it was broken, 2 bad usage or input, 130 ended by Ctrl-C.
With --json bad input is told as an object too; bad usage leaves standard output empty.
RUST_LOG chooses what is logged to standard error, e.g. RUST_LOG=info (default: warn).";

/// Sample actor topologies, each with a check of its own. With no command it runs `primes`.
#[derive(Debug, Parser)]
#[command(name = "actors", version, after_help = EXAMPLES, disable_help_subcommand = true)]
struct Cli {
    /// Print one JSON object as the last line of standard output, everything else to standard error
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Name the topologies, one line each
    List,
    /// Explain a topology: what it shows, its actors, its parameters, its invariant
    Describe {
        /// Which one; `actors list` names them
        #[arg(value_parser = PossibleValuesParser::new(topology::ALL.map(|about| about.name)))]
        name: String,
    },
    /// Run a topology and check its invariant
    #[command(
        subcommand_value_name = "NAME",
        subcommand_help_heading = "Topologies",
        disable_help_subcommand = true
    )]
    Run {
        #[command(flatten)]
        simulation: SimArgs,

        #[command(subcommand)]
        topology: Named,
    },
    #[command(external_subcommand)]
    Unknown(Vec<String>),
}

#[derive(Debug, Subcommand)]
enum Named {
    #[command(flatten)]
    Known(Selection),
    // Taken as it comes, so that the refusal can name the topologies there are.
    #[command(external_subcommand)]
    Unknown(Vec<String>),
}

/// What the user asks for.
#[derive(Debug)]
pub(crate) struct Request {
    /// Whether standard output is for one JSON object.
    pub(crate) json: bool,
    /// What to do.
    pub(crate) command: Action,
}

/// The things the runner can do.
#[derive(Debug)]
pub(crate) enum Action {
    /// Name all topologies.
    List,
    /// Explain one.
    Describe(&'static About),
    /// Run one; under these seeds if it is to be simulated.
    Run(Selection, Option<Range<u64>>),
}

/// Reads a command line, program name first.
///
/// # Errors
/// A refusal that names the fault, or the text of `--help` or `--version`; see [`refuse`].
pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Request, clap::Error> {
    let words = grammar().try_get_matches_from(words)?;
    let cli = Cli::from_arg_matches(&words).map_err(|error| error.format(&mut grammar()))?;
    let command = match cli.command {
        None => Action::Run(Selection::Primes(primes::Args::default()), None),
        Some(Command::List) => Action::List,
        Some(Command::Describe { name }) => {
            Action::Describe(topology::find(&name).expect("the parser lets only known names pass"))
        }
        Some(Command::Run {
            simulation,
            topology: Named::Known(selection),
        }) => {
            match simulation
                .seed_alone()
                .map(|seed| selection.clone().seeded(seed))
            {
                Some(Ok(seeded)) => Action::Run(seeded, None),
                _ => match (simulation.seeds(), selection.not_simulated()) {
                    (Ok(None), _) => Action::Run(selection, None),
                    (_, Some(why)) | (Err(why), None) => return Err(not_so(why)),
                    (Ok(seeds), None) => Action::Run(selection, seeds),
                },
            }
        }
        Some(Command::Run {
            topology: Named::Unknown(words),
            ..
        }) => return Err(unknown_topology(&words)),
        Some(Command::Unknown(words)) => return Err(unknown_command(&words)),
    };
    Ok(Request {
        json: cli.json,
        command,
    })
}

/// Prints a refusal (or the help that was asked for) and gives the exit code for it.
pub(crate) fn refuse(refusal: &clap::Error) -> ExitCode {
    let printed = refusal.print().and_then(|()| io::stdout().flush());
    if refusal.use_stderr() {
        // If nobody reads it, the exit code still tells.
        ExitCode::from(exit::USAGE)
    } else if let Err(error) = printed
        && is_loss(&error)
    {
        Console::new(false).note(format!("error: cannot write to standard output: {error}"));
        ExitCode::from(exit::BROKEN)
    } else {
        ExitCode::from(exit::HELD)
    }
}

/// The parameters of the topology called `name`, as its grammar knows them.
pub(crate) fn parameters(name: &str) -> Vec<clap::Arg> {
    let mut grammar = Selection::augment_subcommands(clap::Command::new("run"));
    grammar.build();
    let topology = grammar.find_subcommand(name);
    let parameters = topology.into_iter().flat_map(clap::Command::get_arguments);
    parameters
        .filter(|parameter| parameter.get_id() != "help")
        .cloned()
        .collect()
}

/// The grammar. The parameters of simulations are those of every topology, so what cannot be simulated hides them.
fn grammar() -> clap::Command {
    let hidden = |name| Arg::new(name).long(name).hide(true);
    let args = [
        hidden("sim").action(ArgAction::SetTrue),
        hidden("seeds").value_parser(parse_seeds),
    ];
    Cli::command().mut_subcommand("run", |run| {
        run.mut_subcommand(chaos::ABOUT.name, |chaos| chaos.args(args))
    })
}

fn not_so(problem: &str) -> clap::Error {
    let mut grammar = grammar();
    grammar.build();
    let run = grammar
        .find_subcommand_mut("run")
        .expect("the grammar has `run`");
    run.error(ErrorKind::ArgumentConflict, problem)
}

fn unknown_topology(words: &[String]) -> clap::Error {
    let name = words.first().map_or("", String::as_str);
    let known = topology::ALL.map(|about| about.name).join(", ");
    let text = format!(
        "no topology is called '{name}'\n\n  known: {known}\n  `actors list` says what each one shows"
    );
    let mut grammar = Cli::command();
    // Only a built grammar knows that `run` is called `actors run` in its usage line.
    grammar.build();
    let run = grammar
        .find_subcommand_mut("run")
        .expect("the grammar has `run`");
    run.error(ErrorKind::InvalidSubcommand, text)
}

fn unknown_command(words: &[String]) -> clap::Error {
    let name = words.first().map_or("", String::as_str);
    let hint = match topology::find(name) {
        Some(about) => format!("to run that topology: actors run {}", about.name),
        None => "known: list, describe, run".to_owned(),
    };
    let text = format!("no command is called '{name}'\n\n  {hint}");
    Cli::command().error(ErrorKind::InvalidSubcommand, text)
}

#[cfg(test)]
mod tests;
