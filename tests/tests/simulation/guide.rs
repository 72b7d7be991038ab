//! The programs of the page about testing, `docs/testing.md`, and the proof that it shows these very lines.

use actor_core::prelude::*;
use actor_core::testing::{
    Crash, Effect, Faults, Harness, Schedule, Simulation, TestSystem, actor_test, expect,
};

const MINUTE: Duration = Duration::from_secs(60);

enum AccountMsg {
    Balance(Reply<i64>),
    Deposit(i64),
    Withdraw(i64),
    WithdrawIfThere(i64, Reply<bool>),
}

struct Account {
    balance: i64,
}

impl Actor for Account {
    type Msg = AccountMsg;

    async fn handle(&mut self, msg: AccountMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            AccountMsg::Balance(reply) => reply.send(self.balance),
            AccountMsg::Deposit(amount) => self.balance += amount,
            AccountMsg::Withdraw(amount) => self.balance -= amount,
            AccountMsg::WithdrawIfThere(amount, reply) => {
                let is_there = self.balance >= amount;
                if is_there {
                    self.balance -= amount;
                }
                reply.send(is_there);
            }
        }
        Ok(())
    }
}

struct Pay(i64);

struct Cashier {
    account: ActorRef<AccountMsg>,
    paid: i64,
}

impl Actor for Cashier {
    type Msg = Pay;

    async fn handle(&mut self, Pay(amount): Pay, ctx: &mut Context<Self>) -> ActorResult {
        if self.account.ask(AccountMsg::Balance).await? >= amount {
            self.account.send(AccountMsg::Withdraw(amount)).await?;
            self.paid += amount;
        } else {
            ctx.send_after("again", MINUTE, Pay(amount));
        }
        Ok(())
    }
}

fn cashier() -> Harness<Cashier> {
    Harness::with(|stage| Cashier {
        account: stage.reference("account"),
        paid: 0,
    })
}

#[test]
fn a_cashier_pays_what_is_there() {
    let mut cashier = cashier();
    let account = cashier.reference::<AccountMsg>("account");

    let effects = cashier.send(Pay(80));
    assert_eq!(effects, [Effect::asked::<i64>(&account)]);

    let effects = cashier.complete_ask(100_i64);
    assert_eq!(effects, [Effect::sent(&account)]);
    assert!(matches!(
        effects.sent_to(&account)[..],
        [AccountMsg::Withdraw(80)]
    ));
    assert_eq!(cashier.state().paid, 80);
}

#[test]
fn a_cashier_tries_again_after_a_minute() {
    let mut cashier = cashier();
    let account = cashier.reference::<AccountMsg>("account");

    cashier.send(Pay(80));
    let effects = cashier.complete_ask(10_i64);
    assert_eq!(effects, [Effect::timer_set("again", MINUTE)]);

    let effects = cashier.advance(MINUTE); // Or: cashier.fire_timer("again")
    assert_eq!(effects, [Effect::asked::<i64>(&account)]);
}

#[test]
fn a_cashier_without_an_answer_fails() {
    let mut cashier = cashier();

    cashier.send(Pay(80));
    let effects = cashier.fail_ask(AskError::NoReply);

    let reason = ExitReason::Failed(AskError::NoReply.to_string());
    assert_eq!(effects, [Effect::stopped(reason)]);
}

#[test]
fn a_cashier_leaves_nothing_behind_when_it_crashes() {
    let effects = cashier().crash(Crash::Panic("out of paper".into()));

    assert!(matches!(
        effects[..],
        [Effect::Stopped {
            reason: ExitReason::Panicked { .. }
        }]
    ));
}

#[test]
fn a_payment_waits_for_a_deposit() -> Result<(), BoxError> {
    let report = Simulation::new().run(|system| async move {
        let account = system.spawn(Account { balance: 0 });
        let cashier = system.spawn(Cashier {
            account: account.clone(),
            paid: 0,
        });
        cashier.send(Pay(80)).await.expect("it lives");
        system.advance(MINUTE / 2).await;
        account
            .send(AccountMsg::Deposit(100))
            .await
            .expect("it lives");
        system.advance(MINUTE).await;
        account.ask(AccountMsg::Balance).await.expect("it answers")
    })?;
    assert_eq!(report.output, 20);
    assert_eq!(report.elapsed, MINUTE * 3 / 2);
    Ok(())
}

/// Two cashiers, one account, and too little money for both.
async fn two_cashiers(system: TestSystem) {
    let account = system.spawn(Account { balance: 100 });
    let cashier = || Cashier {
        account: account.clone(),
        paid: 0,
    };
    let (first, second) = (system.spawn(cashier()), system.spawn(cashier()));
    first.send(Pay(80)).await.expect("it lives");
    // The second payment comes a little later.
    for _ in 0..3 {
        account.ask(AccountMsg::Balance).await.expect("it answers");
    }
    second.send(Pay(80)).await.expect("it lives");
    system.settle().await;
    let after = account.ask(AccountMsg::Balance).await.expect("it answers");
    assert!(after >= 0, "the account is overdrawn: {after}");
}

#[test]
fn a_plain_run_finds_nothing() -> Result<(), BoxError> {
    Simulation::new()
        .schedule(Schedule::Fifo)
        .run(two_cashiers)?;
    Ok(())
}

#[test]
fn a_seed_finds_the_overdraft_again_and_again() {
    let found = Simulation::new().seeds(0..100, two_cashiers);

    let failure = found.expect_err("some order overdraws the account");
    let again = Simulation::new().seeds(failure.seed..failure.seed + 1, two_cashiers);
    assert_eq!(again.expect_err("the same order").digest, failure.digest);
}

/// Asks the account to look and take in one go: nobody comes in between.
struct CarefulCashier {
    account: ActorRef<AccountMsg>,
}

impl Actor for CarefulCashier {
    type Msg = Pay;

    async fn handle(&mut self, Pay(amount): Pay, ctx: &mut Context<Self>) -> ActorResult {
        let withdraw = |reply| AccountMsg::WithdrawIfThere(amount, reply);
        if !self.account.ask(withdraw).await? {
            ctx.send_after("again", MINUTE, Pay(amount));
        }
        Ok(())
    }
}

#[test]
fn two_careful_cashiers_never_overdraw() -> Result<(), BoxError> {
    Simulation::new().seeds(0..1_000, |system| async move {
        let account = system.spawn(Account { balance: 100 });
        let cashier = || CarefulCashier {
            account: account.clone(),
        };
        let cashiers = [system.spawn(cashier()), system.spawn(cashier())];
        for cashier in &cashiers {
            cashier.send(Pay(80)).await.expect("it lives");
        }
        system.settle().await;
        let after = account.ask(AccountMsg::Balance).await.expect("it answers");
        assert_eq!(after, 20);
    })?;
    Ok(())
}

#[test]
fn a_seed_decides_everything() -> Result<(), BoxError> {
    Simulation::new().check_deterministic(7, |system| async move {
        let account = system.spawn(Account { balance: 100 });
        account
            .send(AccountMsg::Deposit(7))
            .await
            .expect("it lives");
        account.ask(AccountMsg::Balance).await.expect("it answers")
    })?;
    Ok(())
}

/// A probe stands in for the account: a real actor, whose messages the test takes out one by one.
#[actor_test]
async fn a_cashier_asks_and_then_takes(system: TestSystem) {
    let account = system.probe("account");
    let cashier = system.spawn(Cashier {
        account: account.actor_ref(),
        paid: 0,
    });
    cashier.send(Pay(80)).await.expect("it lives");

    expect!(account, AccountMsg::Balance(reply) => reply).send(100);
    let amount = expect!(account, AccountMsg::Withdraw(amount) if amount > 0 => amount);
    assert_eq!(amount, 80);
    account.expect_quiet().await;
}

/// The account loses one message in ten, and takes its time over others.
#[actor_test(seeds = 0..50)]
async fn a_cashier_never_takes_more_than_it_paid(system: TestSystem) {
    let account = system.spawn(Account { balance: 1_000 });
    let faults = Faults::new()
        .drop(0.1)
        .delay(0.3, Duration::from_millis(1)..Duration::from_secs(1));
    let faults = system.faults_on(&account, faults);
    let cashier = system.spawn(Cashier {
        account: account.clone(),
        paid: 0,
    });
    // A question that got lost is answered by its drop, and the cashier has nobody who starts it again.
    system.expect_failure(&cashier);
    for _ in 0..5 {
        cashier.send(Pay(80)).await.ok();
    }
    system.advance(MINUTE).await;

    faults.remove();
    let left = account.ask(AccountMsg::Balance).await.expect("it answers");
    assert!((600..=1_000).contains(&left), "{left} is left");
}

#[test]
fn the_page_about_testing_shows_these_programs() {
    let page = include_str!("../../../docs/testing.md");
    let programs = include_str!("guide.rs");
    let mut blocks = page.split("```").skip(1).step_by(2);
    let shown: Vec<_> = blocks
        .by_ref()
        .filter_map(|block| block.strip_prefix("rust\n"))
        .collect();
    assert!(!shown.is_empty());
    for block in shown {
        assert!(programs.contains(block), "not in guide.rs:\n{block}");
    }
}
