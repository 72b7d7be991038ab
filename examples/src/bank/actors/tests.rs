//! The methods of an account, called as what they are.

use super::*;

#[test]
fn what_is_not_there_is_not_withdrawn() {
    let mut account = Account::new(10);
    account.deposit(5);

    assert_eq!(account.withdraw(12), Ok(12));
    assert_eq!(account.withdraw(4), Err(Overdrawn));
    assert_eq!(account.balance(), 3);
}

#[tokio::test]
async fn a_teller_without_accounts_to_ask_fails_and_so_does_its_asker() {
    let system = ActorSystem::new("bank");
    let account = system.spawn(Account::new(10));
    account.stop();
    account.wait().await;
    let teller = system.spawn(Teller::new(vec![account], 1));

    let answer = teller.transfer(1).await;

    assert!(matches!(answer, Err(AskError::Failed { .. })), "{answer:?}");
}
