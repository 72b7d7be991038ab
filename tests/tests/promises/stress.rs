//! A2 under load: 64 senders race with stops, drains, kills, failures, restarts and replacements, and each message is accounted for.
//!
//! A million messages by default. An hour's worth of races:
//! `PROMISES_MESSAGES=10000000 cargo test --release -p tests --test promises stress`

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use actor_core::Overflow;
use actor_core::prelude::*;
use tests::book::{Book, Entry, Parcel};
use tests::random::Random;
use tests::{poll_once, soon, system};
use tokio::runtime::Handle;
use tokio::task::yield_now;

const SENDERS: u64 = 64;
const TARGETS: u64 = 24;
/// What is done after a send: asking for an end, or for a fresh target.
const AFTER: u64 = 16;
const HOUR: Duration = Duration::from_secs(3600);

/// Notes what it handles, and now and then fails, stops, pauses, or treats a reply badly.
struct Target {
    stage: Arc<Stage>,
    /// The last number from each sender; outlives the incarnations.
    last: Arc<[AtomicU64]>,
    /// The mailbox keeps the order in which things come in.
    is_ordered: bool,
    kept: Option<Reply<u64>>,
}

impl Target {
    fn new(stage: &Arc<Stage>, last: &Arc<[AtomicU64]>, is_ordered: bool) -> Self {
        Target {
            stage: Arc::clone(stage),
            last: Arc::clone(last),
            is_ordered,
            kept: None,
        }
    }

    fn treat(&mut self, reply: Reply<u64>, number: u64) {
        match number % 64 {
            // Answered by somebody else, later.
            0 => drop(self.stage.runtime.spawn(async move {
                yield_now().await;
                reply.send(number);
            })),
            // Answered by nobody.
            1 => drop(reply),
            // In the state until the next one comes, or the state goes, or the asker has enough.
            2 => self.kept = Some(reply),
            _ => reply.send(number),
        }
    }
}

impl Actor for Target {
    type Msg = Parcel;

    async fn handle(&mut self, mut parcel: Parcel, ctx: &mut Context<Self>) -> ActorResult {
        let number = parcel.number;
        parcel.handle();
        // One number more, so that a zero says "none yet".
        let sender = &self.last[(number / self.stage.each) as usize];
        if sender.swap(number + 1, Ordering::Relaxed) > number && self.is_ordered {
            self.stage.disorder.store(true, Ordering::Relaxed);
        }
        if let Some(reply) = parcel.reply.take() {
            self.treat(reply, number);
        }
        match number % 1_024 {
            0 => return Err("now and then".into()),
            // A panic without the noise of the hook.
            1 => std::panic::resume_unwind(Box::new("now and then")),
            2 => ctx.stop(),
            3..40 => yield_now().await,
            _ => {}
        }
        Ok(())
    }
}

/// What everybody shares.
struct Stage {
    system: ActorSystem,
    runtime: Handle,
    supervisor: SupervisorRef,
    book: Arc<Book>,
    /// Messages of each sender.
    each: u64,
    slots: Vec<Slot>,
    disorder: AtomicBool,
    /// What each sender is doing, for the case that one is stuck: the number, the slot, and the way.
    doing: Vec<AtomicU64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    FirstIn,
    LastIn,
    Priority,
}

/// Urgent are those whose number ends so.
fn urgency(parcel: &Parcel) -> i64 {
    (parcel.number % 4) as i64
}

/// Where a target stands: a child of the supervisor, or nobody's.
struct Slot {
    target: Mutex<Option<ActorRef<Parcel>>>,
    mailbox: Mailbox,
    order: Order,
    placement: Placement,
    is_child: bool,
    renewing: AtomicBool,
}

impl Slot {
    fn new(number: u64) -> Self {
        let mailboxes = [
            (Mailbox::bounded(1), Order::FirstIn),
            (Mailbox::bounded(3), Order::FirstIn),
            (Mailbox::bounded(64), Order::FirstIn),
            (Mailbox::unbounded(), Order::FirstIn),
            (Mailbox::default(), Order::FirstIn),
            (
                Mailbox::bounded(4).overflow(Overflow::DropNewest),
                Order::FirstIn,
            ),
            (
                Mailbox::bounded(4).overflow(Overflow::DropOldest),
                Order::FirstIn,
            ),
            (Mailbox::bounded(5).lifo(), Order::LastIn),
            (Mailbox::bounded(5), Order::Priority),
            (
                Mailbox::bounded(5).overflow(Overflow::DropOldest),
                Order::Priority,
            ),
            (Mailbox::unbounded().lifo(), Order::LastIn),
        ];
        let (mailbox, order) = mailboxes[number as usize % mailboxes.len()];
        Slot {
            target: Mutex::new(None),
            mailbox,
            order,
            placement: if number.is_multiple_of(8) {
                Placement::Thread
            } else {
                Placement::Task
            },
            is_child: !number.is_multiple_of(3),
            renewing: AtomicBool::new(false),
        }
    }

    fn target(&self) -> ActorRef<Parcel> {
        let target = self.target.lock().unwrap();
        target.clone().expect("a target stands here")
    }

    fn put(&self, target: ActorRef<Parcel>) {
        // Letting the old one go may run its end, so not under the lock.
        let old = self.target.lock().unwrap().replace(target);
        drop(old);
    }
}

impl Stage {
    /// Puts a fresh target into a slot. The old one is terminated by its supervisor; or drains, as its last reference goes.
    async fn renew(self: &Arc<Self>, number: u64) {
        let slot = &self.slots[number as usize];
        if slot.renewing.swap(true, Ordering::Relaxed) {
            return;
        }
        let last: Arc<[AtomicU64]> = (0..SENDERS).map(|_| AtomicU64::new(0)).collect();
        let (mailbox, placement) = (slot.mailbox, slot.placement);
        let is_ordered = slot.order == Order::FirstIn;
        if slot.is_child {
            let id = number.to_string();
            // Not there at first.
            drop(self.supervisor.terminate_child(&id).await);
            drop(self.supervisor.delete_child(&id).await);
            let stage = Arc::clone(self);
            let make = move || Target::new(&stage, &last, is_ordered);
            let mut spec = ChildSpec::new(id, make)
                .mailbox(mailbox)
                .placement(placement);
            if slot.order == Order::Priority {
                spec = spec.priority(urgency);
            }
            let (spec, target) = spec.build();
            let started = self.supervisor.start_child(spec).await;
            started.expect("nobody else starts it");
            slot.put(target);
        } else {
            let target = self.system.actor(Target::new(self, &last, is_ordered));
            let mut target = target.mailbox(mailbox).placement(placement);
            if slot.order == Order::Priority {
                target = target.priority(urgency);
            }
            slot.put(target.spawn());
        }
        slot.renewing.store(false, Ordering::Relaxed);
    }

    /// Brings one message on its way, in one of the ways there are, and enters what became of it.
    async fn send_one(&self, way: u64, target: &ActorRef<Parcel>, number: u64) {
        let parcel = || Parcel::new(&self.book, number);
        let asking = |reply| Parcel::asking(&self.book, number, reply);
        let accepted = match way {
            0..7 => target.send(parcel()).await.is_ok(),
            7..11 => target.try_send(parcel()).is_ok(),
            11 => match target.reserve().await {
                Ok(permit) => {
                    yield_now().await;
                    permit.send(parcel()).is_ok()
                }
                Err(_) => {
                    drop(parcel());
                    false
                }
            },
            12 => {
                // Room that is wanted and not used after all.
                drop(target.reserve().await);
                drop(parcel());
                false
            }
            13 => {
                // Given up unless it succeeds at once; what it waited for may have come in the meantime.
                let mut sending = target.send(parcel());
                let sent = poll_once(&mut sending);
                yield_now().await;
                matches!(sent, Some(Ok(())))
            }
            14 => {
                let asked = target.ask_within(Duration::from_secs(1), asking).await;
                return self.book.enter_ask(number, &asked);
            }
            _ => {
                let asked = target.ask_within(Duration::from_millis(1), asking).await;
                return self.book.enter_ask(number, &asked);
            }
        };
        let entry = if accepted {
            Entry::Accepted
        } else {
            Entry::Refused
        };
        self.book.enter(number, entry);
    }

    fn note_doing(&self, sender: u64, number: u64, place: u64, way: u64) {
        let doing = number << 16 | place << 8 | way;
        self.doing[sender as usize].store(doing, Ordering::Relaxed);
    }

    /// Who does what, and how the targets are.
    fn describe(&self) -> String {
        let mut text = String::new();
        for doing in &self.doing {
            let doing = doing.load(Ordering::Relaxed);
            let (number, place, way) = (doing >> 16, doing >> 8 & 0xff, doing & 0xff);
            let target = self.slots[place as usize].target();
            let is_handled = self.book.is_handled(number);
            text += &format!(
                "{number} (handled: {is_handled}) goes way {way} to slot {place}: {target:?}, {} queued, closed: {}\n",
                target.len(),
                target.is_closed()
            );
        }
        text
    }

    async fn send_all(self: Arc<Self>, sender: u64, seed: u64) {
        let mut random = Random::seeded(seed ^ sender);
        for number in sender * self.each..(sender + 1) * self.each {
            let place = random.below(TARGETS);
            let slot = &self.slots[place as usize];
            let target = slot.target();
            let way = random.below(16);
            self.note_doing(sender, number, place, way);
            self.send_one(way, &target, number).await;
            self.note_doing(sender, number, place, AFTER);
            match random.below(2_000) {
                0 | 1 => target.stop(),
                2 | 3 => target.drain(),
                4 | 5 => target.kill(),
                6 => self.renew(place).await,
                _ => {}
            }
            if !slot.is_child && target.is_closed() {
                self.renew(place).await;
            }
        }
    }
}

fn messages() -> u64 {
    let number = std::env::var("PROMISES_MESSAGES");
    number.map_or(1_000_000, |number| number.parse().expect("a number"))
}

// A1, A2, A3, B2, D1, D5
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_accepted_message_is_handled_or_a_dead_letter_whatever_happens() {
    let seed = Random::fresh_seed();
    let each = messages() / SENDERS;
    let again = format!(
        "replay with PROMISES_SEED={seed} PROMISES_MESSAGES={} cargo test -p tests --test promises stress",
        messages()
    );
    let system = system();
    let supervisor = Supervisor::builder(Strategy::OneForOne).intensity(u32::MAX, HOUR);
    let stage = Arc::new(Stage {
        supervisor: supervisor.start(&system).await.unwrap(),
        system: system.clone(),
        runtime: Handle::current(),
        book: Book::new((SENDERS * each) as usize),
        each,
        slots: (0..TARGETS).map(Slot::new).collect(),
        disorder: AtomicBool::new(false),
        doing: (0..SENDERS).map(|_| AtomicU64::new(0)).collect(),
    });
    for number in 0..TARGETS {
        stage.renew(number).await;
    }

    let sending: Vec<_> = (0..SENDERS)
        .map(|sender| tokio::spawn(Arc::clone(&stage).send_all(sender, seed)))
        .collect();
    for mut sender in sending {
        // As long as anything happens, it is not stuck.
        let mut made = u64::MAX;
        while made != stage.book.made() {
            made = stage.book.made();
            let minute = tokio::time::timeout(Duration::from_secs(60), &mut sender);
            if let Ok(ended) = minute.await {
                ended.expect(&again);
                made = u64::MAX;
                break;
            }
        }
        let who = || stage.describe();
        assert!(made == u64::MAX, "stuck:\n{}{again}", who());
    }
    stage.supervisor.stop();
    let ended = stage.supervisor.wait();
    soon(&format!("the end of the supervisor; {again}"), ended).await;
    let shut = system.shutdown(HOUR);
    soon(&format!("the shutdown; {again}"), shut).await;

    let summary = stage.book.close();
    let summary = summary.unwrap_or_else(|wrong| {
        let some = &wrong[..wrong.len().min(10)];
        panic!("{} are wrong, such as {some:x?}; {again}", wrong.len())
    });
    assert_eq!(system.dead_letter_count(), summary.dead, "{again}");
    assert!(!stage.disorder.load(Ordering::Relaxed), "order; {again}");
    // It was no walk in the park.
    assert!(summary.handled > summary.refused, "{summary:?}; {again}");
    assert!(summary.dead > 0, "{summary:?}; {again}");
}

// A2, D1: the same for restarts alone, where nothing may be lost but what was in hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_over_a_hundred_restarts() {
    const MESSAGES: u64 = 20_000;
    struct Notes;
    impl Actor for Notes {
        type Msg = Parcel;
        async fn handle(&mut self, mut parcel: Parcel, _ctx: &mut Context<Self>) -> ActorResult {
            parcel.handle();
            Ok(())
        }
    }
    let system = system();
    let book = Book::new(MESSAGES as usize);
    let (spec, target) = ChildSpec::new("target", || Notes)
        .mailbox(Mailbox::bounded(32))
        .build();
    let builder = Supervisor::builder(Strategy::OneForOne).intensity(u32::MAX, HOUR);
    let supervisor = builder.child(spec).start(&system).await.unwrap();

    for number in 0..MESSAGES {
        target.send(Parcel::new(&book, number)).await.unwrap();
        book.enter(number, Entry::Accepted);
        match number % 200 {
            0 => target.stop(),
            100 => target.kill(),
            _ => {}
        }
    }
    let all_handled = async {
        while (0..MESSAGES).any(|number| !book.is_handled(number)) {
            yield_now().await;
        }
    };
    soon("every message is handled", all_handled).await;
    supervisor.stop();
    supervisor.wait().await;

    assert_eq!(book.close().unwrap().handled, MESSAGES);
    assert_eq!(system.dead_letter_count(), 0);
}
