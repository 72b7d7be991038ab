//! Check, then act: two tellers overdraw one account.
//!
//! A teller asks for the balance, finds that it suffices, and asks the account to pay out. Each answer was true when it was given; but
//! between the two asks of one teller the other one may have been paid. A plain run never shows it, since the second customer has to show
//! a card first, and comes late enough.
//!
//! Corrected: the account checks and pays in one message. What must hold together belongs into one handler.

use actor_core::prelude::*;
use actor_core::testing::TestSystem;

use super::{Exhibit, Version, exhibit};

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "check_then_act",
    symptom: "overdrawn",
    play: |system, version| Box::pin(play(system, version)),
};

#[test]
fn two_tellers_overdraw_one_account() {
    exhibit(&EXHIBIT);
}

enum AccountMsg {
    Balance(Reply<i64>),
    /// Pays whatever is asked for.
    Pay(i64, Reply<()>),
    /// Pays if it can.
    Withdraw(i64, Reply<bool>),
}

struct Account {
    balance: i64,
}

impl Actor for Account {
    type Msg = AccountMsg;

    async fn handle(&mut self, msg: AccountMsg, _ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            AccountMsg::Balance(reply) => reply.send(self.balance),
            AccountMsg::Pay(amount, reply) => {
                self.balance -= amount;
                reply.send(());
            }
            AccountMsg::Withdraw(amount, reply) => {
                let suffices = self.balance >= amount;
                if suffices {
                    self.balance -= amount;
                }
                reply.send(suffices);
            }
        }
        Ok(())
    }
}

/// Looks at cards.
struct Office;

impl Actor for Office {
    type Msg = Reply<()>;

    async fn handle(&mut self, card: Reply<()>, _ctx: &mut Context<Self>) -> ActorResult {
        card.send(());
        Ok(())
    }
}

struct Teller {
    account: ActorRef<AccountMsg>,
    /// Whom this one asks whether the customer may.
    office: Option<ActorRef<Reply<()>>>,
    version: Version,
}

impl Actor for Teller {
    type Msg = (i64, Reply<bool>);

    async fn handle(&mut self, msg: Self::Msg, _ctx: &mut Context<Self>) -> ActorResult {
        let (amount, reply) = msg;
        if let Some(office) = &self.office {
            office.ask(|card| card).await?;
        }
        reply.send(match self.version {
            Version::Buggy => self.check_then_act(amount).await?,
            Version::Corrected => {
                let withdraw = |paid| AccountMsg::Withdraw(amount, paid);
                self.account.ask(withdraw).await?
            }
        });
        Ok(())
    }
}

impl Teller {
    async fn check_then_act(&self, amount: i64) -> Result<bool, AskError> {
        let balance = self.account.ask(AccountMsg::Balance).await?;
        if balance < amount {
            return Ok(false);
        }
        self.account
            .ask(|done| AccountMsg::Pay(amount, done))
            .await?;
        Ok(true)
    }
}

async fn play(system: TestSystem, version: Version) {
    let account = system.spawn(Account { balance: 100 });
    let office = system.spawn(Office);
    let teller = |office| {
        system.spawn(Teller {
            account: account.clone(),
            office,
            version,
        })
    };
    let (quick, careful) = (teller(None), teller(Some(office)));

    let (first, second) = tokio::join!(
        quick.ask(|reply| (80, reply)),
        careful.ask(|reply| (80, reply))
    );

    let paid = [first, second].map(|paid| paid.expect("tellers answer"));
    let balance = account.ask(AccountMsg::Balance).await;
    let balance = balance.expect("the account answers");
    assert!(balance >= 0, "overdrawn: {balance} after {paid:?}");
    assert_eq!(balance, 20, "one of them is paid");
}
