//! The two actors, each a block of methods: an account, and a teller that moves money between accounts.

use actor_core::prelude::*;

/// Holds money, never less than none.
pub(super) struct Account {
    balance: u64,
}

/// There is less on the account than was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overdrawn;

impl Account {
    /// An account with so much on it.
    pub(super) fn new(balance: u64) -> Self {
        Account { balance }
    }
}

#[messages]
impl Account {
    /// Adds to it. Nobody needs to wait for that.
    pub(super) fn deposit(&mut self, amount: u64) {
        self.balance += amount;
    }

    /// Takes from it, all or nothing. That it is refused is an answer like any other, and harms nobody.
    pub(super) fn withdraw(&mut self, amount: u64) -> Result<u64, Overdrawn> {
        self.balance = self.balance.checked_sub(amount).ok_or(Overdrawn)?;
        Ok(amount)
    }

    /// How much is on it.
    pub(super) fn balance(&self) -> u64 {
        self.balance
    }
}

/// Moves money between accounts that it chooses.
pub(super) struct Teller {
    accounts: Vec<ActorRef<AccountMsg>>,
    random: u64,
}

/// What became of transfers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Those that moved money.
    pub(super) moved: u64,
    /// Those for which there was too little.
    pub(super) refused: u64,
}

impl Teller {
    /// A teller for these accounts; the seed decides what it will do.
    pub(super) fn new(accounts: Vec<ActorRef<AccountMsg>>, seed: u64) -> Self {
        Teller {
            accounts,
            random: seed,
        }
    }

    /// A number below `bound` (Knuth's linear congruential generator, its upper bits).
    fn random(&mut self, bound: u64) -> u64 {
        self.random = (self.random)
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }

    fn any_account(&mut self) -> ActorRef<AccountMsg> {
        let account = self.random(self.accounts.len() as u64);
        self.accounts[account as usize].clone()
    }
}

#[messages]
impl Teller {
    /// Makes so many transfers of up to 100, one after the other. An account that does not answer is a failure of the teller.
    pub(super) async fn transfer(&mut self, count: u64, reply: Reply<Tally>) -> ActorResult {
        let mut tally = Tally::default();
        for _ in 0..count {
            let (from, to) = (self.any_account(), self.any_account());
            let amount = 1 + self.random(100);
            match from.withdraw(amount).await? {
                Ok(amount) => {
                    to.deposit(amount).await?;
                    tally.moved += 1;
                }
                Err(Overdrawn) => tally.refused += 1,
            }
        }
        reply.send(tally);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
