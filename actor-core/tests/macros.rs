//! Actors from blocks of methods do what the documentation of `#[messages]` says.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::num::ParseIntError;

use actor_core::SendError;
use actor_core::prelude::*;

struct Counter {
    total: u64,
}

#[messages]
impl Counter {
    async fn add(&mut self, n: u64) {
        self.total += n;
    }

    fn add_text(&mut self, text: String) -> ActorResult {
        self.total += text.parse::<u64>()?;
        Ok(())
    }

    async fn get(&mut self) -> u64 {
        self.total
    }
}

#[tokio::test]
async fn a_method_without_a_value_is_sent_and_one_with_a_value_is_asked() {
    let system = ActorSystem::new("macros");
    let counter = system.spawn(Counter { total: 0 });

    counter.add(2).await.unwrap();
    counter.add_text("3".to_owned()).await.unwrap();

    assert_eq!(counter.get().await.unwrap(), 5);
}

#[tokio::test]
async fn an_error_of_a_one_way_message_is_a_failure_of_the_actor() {
    let system = ActorSystem::new("macros");
    let counter = system.spawn(Counter { total: 0 });

    counter.add_text("three".to_owned()).await.unwrap();

    let text = "invalid digit found in string".to_owned();
    assert_eq!(counter.wait().await, ExitReason::Failed(text));
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_comes_back_as_a_variant() {
    let system = ActorSystem::new("macros");
    let counter = system.spawn(Counter { total: 0 });
    counter.stop();
    counter.wait().await;

    let Err(SendError::Closed(returned)) = counter.add(2).await else {
        panic!("nobody takes it");
    };

    assert!(matches!(returned.into_inner(), CounterMsg::Add(2)));
}

#[derive(Debug, PartialEq)]
struct Overdrawn;

struct Account {
    balance: u64,
    kept: Option<Reply<u64>>,
}

#[messages]
impl Account {
    fn withdraw(&mut self, amount: u64) -> Result<u64, Overdrawn> {
        self.balance = self.balance.checked_sub(amount).ok_or(Overdrawn)?;
        Ok(self.balance)
    }

    /// Kept until [`settle`](Account::settle).
    fn balance_later(&mut self, reply: Reply<u64>) {
        self.kept = Some(reply);
    }

    fn settle(&mut self) {
        if let Some(reply) = self.kept.take() {
            reply.send(self.balance);
        }
    }

    async fn balance_or_fail(&self, reply: Reply<u64>) -> ActorResult {
        if self.balance == 0 {
            return Err("nothing there".into());
        }
        reply.send(self.balance);
        Ok(())
    }

    #[ask]
    fn clear(&mut self) {
        self.balance = 0;
    }

    #[ask]
    fn check(&self) -> ActorResult {
        match self.balance {
            0 => Err("empty".into()),
            _ => Ok(()),
        }
    }

    #[tell]
    fn pay_in(&mut self, amount: &'static str) -> Result<(), ParseIntError> {
        self.balance += amount.parse::<u64>()?;
        Ok(())
    }
}

fn account(system: &ActorSystem, balance: u64) -> ActorRef<AccountMsg> {
    let kept = None;
    system.spawn(Account { balance, kept })
}

#[tokio::test]
async fn what_a_method_returns_is_the_answer_word_for_word() {
    let system = ActorSystem::new("macros");
    let account = account(&system, 10);

    assert_eq!(account.withdraw(7).await.unwrap(), Ok(3));
    assert_eq!(account.withdraw(7).await.unwrap(), Err(Overdrawn));
    assert_eq!(account.withdraw(3).await.unwrap(), Ok(0));
}

#[tokio::test]
async fn a_reply_that_is_a_parameter_may_be_answered_by_a_later_message() {
    let system = ActorSystem::new("macros");
    let account = account(&system, 10);

    let (balance, settled) = tokio::join!(account.balance_later(), account.settle());

    settled.unwrap();
    assert_eq!(balance.unwrap(), 10);
}

#[tokio::test]
async fn an_error_of_a_method_with_a_reply_fails_the_actor_and_the_ask() {
    let system = ActorSystem::new("macros");
    let account = account(&system, 1);

    assert_eq!(account.balance_or_fail().await.unwrap(), 1);
    account.clear().await.unwrap();
    let answer = account.balance_or_fail().await;

    assert!(matches!(answer, Err(AskError::Failed { .. })), "{answer:?}");
    assert_eq!(
        account.wait().await,
        ExitReason::Failed("nothing there".to_owned())
    );
}

#[tokio::test]
async fn a_method_without_a_value_that_is_marked_ask_answers_when_it_has_returned() {
    let system = ActorSystem::new("macros");
    let account = account(&system, 1);

    assert!(account.check().await.unwrap().is_ok());
    let () = account.clear().await.unwrap();

    let checked = account.check().await.unwrap();
    assert_eq!(checked.unwrap_err().to_string(), "empty");
    assert!(
        !account.is_closed(),
        "a result that is an answer fails nobody"
    );
}

#[tokio::test]
async fn a_result_of_a_method_that_is_marked_tell_may_fail_the_actor() {
    let system = ActorSystem::new("macros");
    let account = account(&system, 1);

    account.pay_in("6").await.unwrap();
    assert_eq!(account.withdraw(0).await.unwrap(), Ok(7));
    account.pay_in("much").await.unwrap();

    assert!(account.wait().await.is_failure());
}

/// Tells what happens to it.
struct Lively {
    told: tokio::sync::mpsc::UnboundedSender<String>,
    target: AnyActorRef,
}

impl Lively {
    fn tell(&self, text: String) {
        self.told.send(text).unwrap();
    }
}

#[messages(msg = LivelyMessage, ref_trait = LivelyMethods)]
impl Lively {
    #[started]
    async fn up(&mut self, ctx: &mut Context<Self>) -> ActorResult {
        ctx.monitor(&self.target);
        self.tell(format!("started {}", ctx.incarnation()));
        Ok(())
    }

    /// The context may stand anywhere, or nowhere.
    fn end(&mut self, a: u64, ctx: &mut Context<Self>, b: u64) {
        self.tell(format!("end {a} {b}"));
        ctx.stop();
    }

    #[signal]
    fn on_signal(&mut self, signal: Signal) {
        if let Signal::Down(down) = signal {
            self.tell(format!("down {}", down.reason));
        }
    }

    #[stopped]
    async fn down(&self, reason: &ExitReason) {
        self.tell(format!("stopped {reason}"));
    }
}

#[tokio::test]
async fn hooks_are_called_at_their_points_of_a_life() {
    let system = ActorSystem::new("macros");
    let target = account(&system, 0);
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let lively = system.spawn(Lively {
        told,
        target: target.any(),
    });

    assert_eq!(heard.recv().await.unwrap(), "started 1");
    target.stop();
    assert_eq!(heard.recv().await.unwrap(), "down normal");
    LivelyMethods::end(&lively, 1, 2).await.unwrap();

    assert_eq!(heard.recv().await.unwrap(), "end 1 2");
    assert_eq!(heard.recv().await.unwrap(), "stopped normal");
    assert_eq!(heard.recv().await, None);
}

#[tokio::test]
async fn a_start_hook_that_fails_is_a_start_that_failed() {
    struct Stillborn;

    #[messages]
    impl Stillborn {
        #[started]
        fn start(&mut self) -> ActorResult {
            Err("not today".into())
        }

        fn go(&mut self) {}
    }
    let system = ActorSystem::new("macros");

    let error = system.start(Stillborn).await.unwrap_err();

    assert!(error.to_string().contains("not today"), "{error}");
}

/// Some of its parameters are those of its messages, some are not.
struct Shelf<T: Send + 'static, L: Fn(&T) + Send + 'static, const ROOM: usize> {
    items: Vec<T>,
    log: L,
}

#[messages]
impl<T: Send + 'static, L: Fn(&T) + Send + 'static, const ROOM: usize> Shelf<T, L, ROOM> {
    fn put(&mut self, item: T) -> bool {
        (self.log)(&item);
        let has_room = self.items.len() < ROOM;
        if has_room {
            self.items.push(item);
        }
        has_room
    }

    fn last(&mut self) -> Option<T> {
        self.items.pop()
    }
}

#[tokio::test]
async fn a_generic_actor_has_messages_with_the_parameters_that_they_mention() {
    let system = ActorSystem::new("macros");
    let (log, logged) = std::sync::mpsc::channel();
    let shelf: ActorRef<ShelfMsg<u32>> = system.spawn(Shelf::<_, _, 1> {
        items: Vec::new(),
        log: move |item: &u32| log.send(*item).unwrap(),
    });

    assert!(shelf.put(7).await.unwrap());
    assert!(!shelf.put(8).await.unwrap());

    assert_eq!(shelf.last().await.unwrap(), Some(7));
    assert_eq!(logged.try_iter().collect::<Vec<_>>(), [7, 8]);
}

/// Names that a careless macro would trip over.
mod names {
    #![allow(clippy::unused_self, reason = "what counts are the signatures")]

    use super::*;

    #[derive(Default)]
    pub(super) struct Odd {
        sum: u64,
    }

    #[messages]
    impl Odd {
        pub(super) fn handle(&self, msg: u64, ctx: u64, reply: u64) -> u64 {
            msg + ctx + reply + self.sum
        }

        pub(super) async fn started(&self) -> bool {
            true
        }

        pub(super) fn r#type(&mut self, (a, b): (u64, u64), mut c: u64, _: u64) {
            c += a + b;
            self.sum += c;
        }

        /// Also a method of a trait that the actor implements; this one is meant.
        pub(super) fn next(&self) -> Option<u64> {
            Some(self.sum)
        }

        #[cfg(any())]
        pub(super) fn never(&mut self, thing: NoSuchThing) {}
    }

    impl Iterator for Odd {
        type Item = u64;

        fn next(&mut self) -> Option<u64> {
            None
        }
    }
}

#[tokio::test]
async fn names_of_the_user_never_meet_those_of_the_macro() {
    use names::OddRef;
    let system = ActorSystem::new("macros");
    let odd = system.spawn(names::Odd::default());

    odd.r#type((1, 2), 3, 4).await.unwrap();

    assert_eq!(odd.handle(1, 20, 300).await.unwrap(), 327);
    assert!(odd.started().await.unwrap());
    assert_eq!(odd.next().await.unwrap(), Some(6));
}

#[tokio::test]
async fn what_is_made_is_an_ordinary_actor_for_supervisors_timers_and_tasks() {
    struct Fragile;

    #[messages(derive(Debug))]
    impl Fragile {
        #[started]
        fn on_start(&mut self, ctx: &mut Context<Self>) {
            if ctx.incarnation() == 1 {
                ctx.send_after("break", Duration::ZERO, FragileMsg::Shatter);
            }
        }

        fn shatter(&mut self) -> ActorResult {
            Err("shattered".into())
        }

        fn incarnation(&mut self, ctx: &mut Context<Self>) -> u32 {
            ctx.incarnation()
        }
    }
    let system = ActorSystem::new("macros");
    let (spec, fragile) = ChildSpec::new("fragile", || Fragile).build();
    let sup = Supervisor::builder(Strategy::OneForOne).child(spec);
    let _sup = sup.start(&system).await.unwrap();

    // In a task of its own, so its future is `Send`.
    let asking = tokio::spawn(async move {
        loop {
            match fragile.incarnation().await {
                Ok(incarnation) if incarnation > 1 => break incarnation,
                _ => tokio::task::yield_now().await,
            }
        }
    });

    assert_eq!(asking.await.unwrap(), 2);
}

#[test]
fn the_methods_of_a_block_can_be_called_without_a_system() {
    let mut account = Account {
        balance: 5,
        kept: None,
    };

    assert_eq!(account.withdraw(2), Ok(3));
}
