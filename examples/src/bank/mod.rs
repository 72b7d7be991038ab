//! `bank`: actors that are blocks of methods, and money that is neither made nor lost.
//!
//! | file        | what is in it                       |
//! |-------------|-------------------------------------|
//! | `actors.rs` | the account and the teller           |

mod actors;

use std::time::Duration;

use actor_core::prelude::{ActorRef, ActorSystem, BoxError};
use serde_json::json;
use tokio::task::JoinSet;

use self::actors::{Account, AccountMsg, AccountRef, Tally, Teller, TellerMsg, TellerRef};
use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::topology::{About, Outcome, Stage, counted};

/// What there is to read about it.
pub(crate) const ABOUT: About = About {
    name: "bank",
    summary: "Tellers move money between accounts; written with `#[messages]`",
    shows: "\
Actors that are blocks of methods. An account is told `deposit` and asked
`withdraw` and `balance`: `#[messages]` makes the messages, the handler and the
methods of the reference out of these three methods.

Several tellers work at once. An account handles one message at a time, so no
withdrawal sees a balance that another one is about to change, without a lock.",
    drawing: "\
system
|-- teller 1     asks an account for money and sends it to another, --transfers times in all
|-- teller N
|-- account 1    holds 1000 at the beginning, never less than nothing
`-- account N",
    invariant: "\
When all tellers are done, the accounts hold together what they held at the beginning,
and every transfer either moved money or was refused.",
    at_interrupt: "finishing the transfers in hand",
};

/// What is on an account at the beginning.
const BALANCE: u64 = 1_000;

/// How many transfers a teller makes before it looks up.
const BATCH: u64 = 100;

/// Its parameters.
#[derive(clap::Args, Clone, Debug, PartialEq)]
pub(crate) struct Args {
    /// How many accounts there are, 1 to 100000
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    accounts: u32,

    /// How many tellers work at once, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    tellers: u16,

    /// How many transfers each teller makes
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    transfers: u64,
}

/// What was found when the tellers were done.
struct Books {
    tally: Tally,
    balance: u64,
}

/// Runs it: until all transfers are made, or Ctrl-C.
///
/// # Errors
/// If an account or a teller does not answer.
pub(crate) async fn run(args: Args, stage: &Stage) -> Result<Outcome, Failure> {
    let system = ActorSystem::new(ABOUT.name);
    let books = trade(&system, &args, &stage.interrupt).await;
    system.shutdown(Duration::from_secs(5)).await;
    let books = books.map_err(|error| Failure::machinery("moving the money", error))?;
    Ok(outcome(&args, &books))
}

async fn trade(
    system: &ActorSystem,
    args: &Args,
    interrupt: &Interrupt,
) -> Result<Books, BoxError> {
    let accounts: Vec<ActorRef<AccountMsg>> = (0..args.accounts)
        .map(|_| system.spawn(Account::new(BALANCE)))
        .collect();
    let mut working = JoinSet::new();
    for seed in 1..=args.tellers {
        let teller = system.spawn(Teller::new(accounts.clone(), seed.into()));
        working.spawn(employ(teller, args.transfers, interrupt.clone()));
    }
    let mut tally = Tally::default();
    while let Some(worked) = working.join_next().await {
        let worked = worked??;
        tally.moved += worked.moved;
        tally.refused += worked.refused;
    }

    // Behind every deposit, since these were accepted before the tellers answered.
    let mut balance = 0;
    for account in &accounts {
        balance += account.balance().await?;
    }
    Ok(Books { tally, balance })
}

/// Lets a teller work until it has made its transfers, or Ctrl-C.
async fn employ(
    teller: ActorRef<TellerMsg>,
    transfers: u64,
    interrupt: Interrupt,
) -> Result<Tally, BoxError> {
    let mut tally = Tally::default();
    let mut left = transfers;
    while left > 0 && !interrupt.is_requested() {
        let batch = left.min(BATCH);
        let worked = teller.transfer(batch).await?;
        tally.moved += worked.moved;
        tally.refused += worked.refused;
        left -= batch;
    }
    Ok(tally)
}

fn outcome(args: &Args, Books { tally, balance }: &Books) -> Outcome {
    let before = u64::from(args.accounts) * BALANCE;
    let due = u64::from(args.tellers).saturating_mul(args.transfers);
    let made = tally.moved + tally.refused;
    let interrupted = made < due;
    let held = *balance == before && made <= due;
    let verdict = match (held, interrupted) {
        (true, false) => "held: no money was made or lost",
        (true, true) => "interrupted: no money was made or lost so far",
        (false, _) => "BROKEN: the books do not balance",
    };
    Outcome {
        held,
        interrupted,
        json: json!({
            "topology": ABOUT.name,
            "ok": held && !interrupted,
            "accounts": args.accounts,
            "moved": tally.moved,
            "refused": tally.refused,
            "balance_before": before,
            "balance_after": balance,
        }),
        summary: vec![
            format!(
                "{} moved money, {} refused; {before} on the accounts before, {balance} after",
                counted(tally.moved, "transfer"),
                tally.refused
            ),
            verdict.to_owned(),
        ],
    }
}
