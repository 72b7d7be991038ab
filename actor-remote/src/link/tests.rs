//! Claims about links, each over every transport: two systems in one process, or one system and a peer that keeps no rule.

use actor_core::link::Outlet;
use actor_core::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;

mod home;
mod large;
use crate::factory::Registry;
use crate::session::Role;
use crate::transport::{Memory, SocketPair};

#[derive(Serialize, Deserialize)]
enum EchoMsg {
    Note(u64),
    Notes(Reply<Vec<u64>>),
    Keep(Reply<u64>),
    Lend(Reply<ActorRef<u64>>),
    Back(ActorRef<u64>, Reply<ActorRef<u64>>),
    /// Another echo, always the same one.
    Twin(Reply<ActorRef<EchoMsg>>),
    Spoilt(Spoilt, Reply<u64>),
    /// Answers with the twin and something that cannot be encoded.
    TwinBadly(Reply<(ActorRef<EchoMsg>, Spoilt)>),
    /// Lets go of it at once.
    Hear(ActorRef<EchoMsg>),
    /// Another echo, each time a new one.
    Another(Reply<ActorRef<EchoMsg>>),
    /// Notes how long the text is.
    Measure(String),
    /// Answers with the text.
    Repeat(String, Reply<String>),
    /// Answers with twice the text.
    Double(String, Reply<String>),
    /// Answers with a large text and an actor, and ends the actor at once.
    LendLarge(Reply<(String, ActorRef<u64>)>),
    /// Answers when the actor has ended.
    Outlive(String, ActorRef<u64>, Reply<ExitReason>),
}

/// Refuses to be decoded, and to be encoded unless it is to be refused by the other side.
enum Spoilt {
    Here,
    There,
}

impl Serialize for Spoilt {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Spoilt::Here => Err(serde::ser::Error::custom("spoilt")),
            Spoilt::There => serializer.serialize_unit(),
        }
    }
}

impl<'de> Deserialize<'de> for Spoilt {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("spoilt"))
    }
}

#[derive(Default)]
struct Echo {
    notes: Vec<u64>,
    kept: Vec<Reply<u64>>,
    twin: Option<ActorRef<EchoMsg>>,
}

impl Echo {
    fn twin(&mut self, ctx: &Context<Self>) -> ActorRef<EchoMsg> {
        let twin = self
            .twin
            .get_or_insert_with(|| ctx.system().spawn(Echo::default()));
        twin.clone()
    }
}

impl Actor for Echo {
    type Msg = EchoMsg;

    async fn handle(&mut self, msg: EchoMsg, ctx: &mut Context<Self>) -> ActorResult {
        match msg {
            EchoMsg::Note(number) => self.notes.push(number),
            EchoMsg::Notes(reply) => reply.send(self.notes.clone()),
            EchoMsg::Keep(reply) => self.kept.push(reply),
            EchoMsg::Lend(reply) => reply.send(ctx.system().spawn(Ear::new().0)),
            EchoMsg::Back(actor, reply) => reply.send(actor),
            EchoMsg::Twin(reply) => reply.send(self.twin(ctx)),
            EchoMsg::TwinBadly(reply) => reply.send((self.twin(ctx), Spoilt::Here)),
            EchoMsg::Hear(actor) => drop(actor),
            EchoMsg::Another(reply) => reply.send(ctx.system().spawn(Echo::default())),
            EchoMsg::Measure(text) => self.notes.push(text.len() as u64),
            EchoMsg::Repeat(text, reply) => reply.send(text),
            EchoMsg::LendLarge(reply) => {
                let ear = ctx.system().spawn(Ear::new().0);
                reply.send(("x".repeat(8 << 20), ear.clone()));
                ear.stop();
            }
            EchoMsg::Double(text, reply) => reply.send(text.repeat(2)),
            EchoMsg::Outlive(_, actor, reply) => reply.send(actor.wait().await),
            EchoMsg::Spoilt(_, reply) => reply.send(0),
        }
        Ok(())
    }
}

/// Tells what it is sent; ends at zero, and tells that too.
struct Ear(UnboundedSender<Option<u64>>);

impl Ear {
    fn new() -> (Self, UnboundedReceiver<Option<u64>>) {
        let (tell, told) = unbounded_channel();
        (Ear(tell), told)
    }
}

impl Actor for Ear {
    type Msg = u64;

    async fn handle(&mut self, number: u64, ctx: &mut Context<Self>) -> ActorResult {
        self.0.send(Some(number)).ok();
        if number == 0 {
            ctx.stop();
        }
        Ok(())
    }

    async fn stopped(&mut self, _reason: &ExitReason, _ctx: &mut Context<Self>) {
        self.0.send(None).ok();
    }
}

fn node() -> Node {
    let registry = Registry::builder()
        .message::<u64>("tests.u64/v1")
        .message::<EchoMsg>("tests.Echo/v1");
    Node::new(registry.build().expect("two names"))
}

type Ends = (Box<dyn Transport>, Box<dyn Transport>);

/// Both transports.
fn transports() -> [Ends; 2] {
    let (one, other) = Memory::pair(64 * 1024);
    let memory: Ends = (Box::new(one), Box::new(other));
    let (one, other) = SocketPair::pair().expect("two descriptors");
    [memory, (Box::new(one), Box::new(other))]
}

const WINDOW: u32 = 8;

/// The longest message, in bytes.
const MESSAGE_MAX: u32 = 128 * 1024 * 1024;

async fn link(transport: Box<dyn Transport>, system: &ActorSystem, max_message: u32) -> Arc<Link> {
    let node = node();
    let hello = node.hello(Role::Node, WINDOW, max_message);
    let connected = connect(transport, hello, Vec::new(), Duration::from_secs(5)).await;
    let connected = connected.expect("they fit");
    Link::start(connected, node, system, WINDOW, None, |_| {})
}

/// Two systems, the link between them, and a reference of the first to an actor of the second.
struct Pair {
    here: ActorSystem,
    there: ActorSystem,
    link: Arc<Link>,
    other: Arc<Link>,
    echo: ActorRef<EchoMsg>,
}

async fn pair((one, other): Ends, max_message: u32) -> Pair {
    let (here, there) = (ActorSystem::new("here"), ActorSystem::new("there"));
    let (link, other) = tokio::join!(
        link(one, &here, max_message),
        link(other, &there, max_message)
    );
    let root = there.spawn(Echo::default());
    other.export_root(&root.any(), actor_core::wire::inlet(&root), WINDOW);
    let (echo, outlet) = Outlet::<EchoMsg>::open(&here, Mailbox::bounded(32));
    let import = link.import_root(&echo.any(), Box::new(outlet), Owner::References);
    drop(import);
    Pair {
        here,
        there,
        link,
        other,
        echo,
    }
}

async fn pairs() -> Vec<Pair> {
    let mut pairs = Vec::new();
    for ends in transports() {
        pairs.push(pair(ends, MESSAGE_MAX).await);
    }
    pairs
}

const LONG: Duration = Duration::from_secs(1000);

async fn soon<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(60);
    let done = tokio::time::timeout(limit, future).await;
    done.expect("it happens within a minute")
}

// A1
#[tokio::test]
async fn messages_keep_their_order() {
    for pair in pairs().await {
        for number in 0..1_000 {
            pair.echo.send(EchoMsg::Note(number)).await.expect("open");
        }

        let notes = pair.echo.ask_within(LONG, EchoMsg::Notes).await;

        assert!(notes.expect("answers").into_iter().eq(0..1_000));
    }
}

// C7
#[tokio::test]
async fn an_exported_actor_lives_until_the_importer_lets_go() {
    for pair in pairs().await {
        let (ear, mut told) = Ear::new();
        let ear = pair.here.spawn(ear);
        let lent = {
            let ear = ear.clone();
            pair.echo
                .ask_within(LONG, |reply| EchoMsg::Back(ear, reply))
        };
        assert_eq!(lent.await.expect("answers"), ear, "it comes home as itself");
        ear.send(5).await.expect("open");
        assert_eq!(soon(told.recv()).await, Some(Some(5)));

        drop(ear);

        assert_eq!(soon(told.recv()).await, Some(None));
        assert!(lock(&pair.link.tables).exports.is_empty());
    }
}

// A2, R6: messages are counted anew, on both sides, when an actor comes again after it was let go of.
#[tokio::test]
async fn an_ask_that_is_refused_fails_also_when_its_actor_came_and_went_before() {
    for pair in pairs().await {
        for round in 0..200 {
            let twin = pair.echo.ask_within(LONG, EchoMsg::Twin).await;
            let twin = twin.expect("answers");
            for number in 0..round % 11 {
                twin.send(EchoMsg::Note(number)).await.expect("open");
            }

            let asked = twin.ask_within(LONG, |reply| EchoMsg::Spoilt(Spoilt::There, reply));

            let answer = soon(asked).await;
            assert!(matches!(answer, Err(AskError::Failed { .. })), "{answer:?}");
        }
        assert!(!pair.link.is_closed() && !pair.other.is_closed());
    }
}

// A2, R6: what was never sent changes no count.
#[tokio::test]
async fn an_ask_that_is_refused_fails_also_after_a_failed_encoding_of_its_actor() {
    for pair in pairs().await {
        let twin = pair.echo.ask_within(LONG, EchoMsg::Twin).await;
        let twin = twin.expect("answers");
        for number in 0..3 {
            twin.send(EchoMsg::Note(number)).await.expect("open");
        }
        twin.ask_within(LONG, EchoMsg::Notes)
            .await
            .expect("answers");

        let answer = pair.echo.ask_within(LONG, EchoMsg::TwinBadly).await;
        assert!(matches!(answer, Err(AskError::Failed { .. })));
        let asked = twin.ask_within(LONG, |reply| EchoMsg::Spoilt(Spoilt::There, reply));

        let answer = soon(asked).await;
        assert!(matches!(answer, Err(AskError::Failed { .. })), "{answer:?}");
    }
}

// R6: messages that hold a reference, one way, and encodings with it that fail, or that are let go of, the other way.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn references_that_come_and_fail_to_leave_at_once_lock_nobody_out() {
    for pair in pairs().await {
        let twin = pair.echo.ask_within(LONG, EchoMsg::Twin).await;
        let twin = twin.expect("answers");
        let hears = tokio::spawn(async move {
            for _ in 0..3_000 {
                let heard = EchoMsg::Hear(twin.clone());
                twin.send(heard).await.expect("open");
            }
            drop(twin);
        });
        let echo = pair.echo.clone();
        let fails = tokio::spawn(async move {
            for _ in 0..1_500 {
                let answer = echo.ask_within(LONG, EchoMsg::TwinBadly).await;
                assert!(matches!(answer, Err(AskError::Failed { .. })));
                drop(echo.ask_within(LONG, EchoMsg::Twin).await);
            }
        });

        soon(hears).await.expect("it does not panic");
        soon(fails).await.expect("it does not panic");

        assert!(!pair.link.is_closed() && !pair.other.is_closed());
    }
}

// F1, R1
#[tokio::test]
async fn the_loss_of_a_link_is_told_to_everything_that_depends_on_it() {
    for pair in pairs().await {
        let lent = pair.echo.ask_within(LONG, EchoMsg::Lend).await;
        let lent = lent.expect("answers");
        let echo = pair.echo.clone();
        let asked = tokio::spawn(async move { echo.ask_within(LONG, EchoMsg::Keep).await });
        // Behind it, so it has been sent.
        while lock(&pair.link.pending).slots.is_empty() {
            tokio::task::yield_now().await;
        }

        pair.other.close("for a test");

        let answer = soon(asked).await.expect("it does not panic");
        assert_eq!(answer, Err(AskError::Disconnected { may_have_run: true }));
        assert_eq!(soon(lent.wait()).await, ExitReason::NoConnection);
        assert_eq!(soon(pair.echo.wait()).await, ExitReason::NoConnection);
        soon(pair.link.lost()).await;
        assert_eq!(pair.there.name(), "there");
    }
}

// F1
#[tokio::test]
async fn the_end_of_an_imported_actor_is_told() {
    for pair in pairs().await {
        let lent = pair.echo.ask_within(LONG, EchoMsg::Lend).await;
        let lent = lent.expect("answers");

        lent.send(0).await.expect("open");

        assert_eq!(soon(lent.wait()).await, ExitReason::Normal);
        // And forgotten, on both sides.
        soon(async {
            while lock(&pair.link.tables).imports.len() > 1
                || lock(&pair.other.tables).exports.len() > 1
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

// B4
#[tokio::test]
async fn an_ask_that_is_given_up_leaves_the_tables_of_both_sides() {
    for pair in pairs().await {
        for _ in 0..20 {
            let answer = pair
                .echo
                .ask_within(Duration::from_millis(1), EchoMsg::Keep);
            assert!(matches!(answer.await, Err(AskError::Timeout { .. })));
        }

        pair.echo
            .ask_within(LONG, EchoMsg::Notes)
            .await
            .expect("answers");

        assert!(lock(&pair.link.pending).slots.is_empty());
        for route in lock(&pair.other.routes).values() {
            let route = route.upgrade().expect("it is kept there");
            assert!(actor_core::wire::ReplyRoute::is_closed(&*route));
        }
    }
}

/// A peer that can send whatever it likes.
async fn with_rogue(
    ends: Ends,
    export: Option<&ActorRef<EchoMsg>>,
) -> (Arc<Link>, ActorSystem, Duplex) {
    let system = ActorSystem::new("honest");
    let hello = node().hello(Role::Node, WINDOW, MESSAGE_MAX);
    let shake = async {
        let mut duplex = ends.1.connect().await.expect("connects");
        crate::session::handshake(&mut duplex.reader, &mut duplex.writer, hello, LONG)
            .await
            .expect("they fit");
        duplex
    };
    let (link, rogue) = tokio::join!(link(ends.0, &system, MESSAGE_MAX), shake);
    if let Some(export) = export {
        link.export_root(&export.any(), actor_core::wire::inlet(export), WINDOW);
    }
    (link, system, rogue)
}

/// What the peer sends, and why that ends the link.
async fn check(bytes: &[u8], why: &str) {
    for ends in transports() {
        let owner = ActorSystem::new("owner");
        let echo = owner.spawn(Echo::default());
        let (link, _system, mut rogue) = with_rogue(ends, Some(&echo)).await;

        rogue.writer.write_all(bytes).await.expect("it is read");
        rogue.writer.shutdown().await.expect("it is open");

        let told = soon(link.lost()).await;
        assert!(told.contains(why), "{bytes:?}: {told:?} and not {why:?}");
        assert!(!echo.is_closed(), "the actor lives on");
        // The other direction is closed too.
        soon(rogue.reader.read_to_end(&mut Vec::new())).await.ok();
    }
}

fn spelt(frame: &Frame<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    frame::encode(&mut out, frame, usize::MAX).expect("no limit");
    out
}

// R4
#[tokio::test]
async fn what_is_no_frame_ends_the_link_with_an_error() {
    check(b"GET / HTTP/1.1\r\n\r\n", "no frame").await;
    check(&[0xff; 64], "over the limit").await;
    check(&[0, 0, 0, 1, 16, 1], "over the limit").await;
    check(&[0, 0, 0, 0, 200], "unknown frame kind 200").await;
    check(&[1, 0, 0, 0, 17, 0x80], "malformed").await;
    check(&[9, 0, 0, 0, 16, 0], "ended within a frame").await;
    check(&[3], "ended within a frame").await;
    check(&[], "closed the link").await;
}

// R4
#[tokio::test]
async fn what_a_peer_must_not_send_ends_the_link_with_an_error() {
    let payload: &[u8] = &[0, 1];
    let unknown = Frame::Tell { export: 9, payload };
    check(&spelt(&unknown), "never exported").await;
    let reason: &[u8] = &[77];
    check(&spelt(&Frame::Gone { export: 0, reason }), "exit reason").await;
    check(&spelt(&Frame::Ended { reason }), "exit reason").await;
    check(&spelt(&Frame::Hello { body: &[] }), "second hello").await;
    let mut reason = Vec::new();
    actor_core::wire::encode(&ExitReason::Normal, &mut reason).expect("it encodes");
    let gone = Frame::Gone {
        export: ROOT,
        reason: &reason,
    };
    check(&spelt(&gone), "a root whose end").await;
    // Only a parent may.
    let spawn = Frame::Spawn {
        request: 1,
        window: 1,
        name: "",
        factory: "",
        args: &[],
    };
    check(&spelt(&spawn), "no parent").await;
    let how = frame::StopHow::Shutdown;
    check(&spelt(&Frame::Stop { export: ROOT, how }), "no parent").await;
    check(&spelt(&Frame::GoAway { text: "bye" }), "bye").await;
}

// R4, A4
#[tokio::test]
async fn a_peer_that_sends_beyond_its_credit_is_cut_off() {
    struct Stuck;
    impl Actor for Stuck {
        type Msg = EchoMsg;
        async fn handle(&mut self, _: EchoMsg, _ctx: &mut Context<Self>) -> ActorResult {
            std::future::pending().await
        }
    }
    for ends in transports() {
        let owner = ActorSystem::new("owner");
        let stuck = owner.spawn(Stuck);
        let (link, _system, mut rogue) = with_rogue(ends, Some(&stuck)).await;

        let tell = Frame::Tell {
            export: ROOT,
            payload: &[0, 1],
        };
        // One begins; a window more may wait.
        let flood = spelt(&tell).repeat(WINDOW as usize + 2);
        rogue.writer.write_all(&flood).await.expect("it is read");

        assert!(soon(link.lost()).await.contains("credit"));
        assert!(stuck.len() <= WINDOW as usize);
    }
}

// R3, R4: answers to a peer that never reads pile up to a bound.
#[tokio::test]
async fn a_peer_that_causes_answers_and_never_reads_is_cut_off() {
    for ends in transports() {
        let owner = ActorSystem::new("owner");
        let echo = owner.spawn(Echo::default());
        let (link, _system, mut rogue) = with_rogue(ends, Some(&echo)).await;
        let tell = Frame::Tell {
            export: ROOT,
            payload: &[99],
        };
        let flood = spelt(&tell).repeat(1_000);
        let mut most = 0;

        // Refused as soon as the link has ended.
        while rogue.writer.write_all(&flood).await.is_ok() {
            most = most.max(link.outbox.unread());
        }

        assert_eq!(soon(link.lost()).await, "the other side does not read");
        assert!(most <= outbox::UNREAD_MAX + link.send_limit, "{most}");
        assert_eq!(link.outbox.unread(), 0);
        assert!(!echo.is_closed());
    }
}

// R1, R4
#[tokio::test]
async fn what_comes_after_the_loss_of_a_link_is_not_delivered() {
    for ends in transports() {
        let owner = ActorSystem::new("owner");
        let echo = owner.spawn(Echo::default());
        let (link, _system, mut rogue) = with_rogue(ends, Some(&echo)).await;
        let tell = Frame::Tell {
            export: ROOT,
            payload: &[0, 1],
        };

        link.close("for a test");

        let late = spelt(&tell);
        let refused = async { while rogue.writer.write_all(&late).await.is_ok() {} };
        soon(refused).await;
        let notes = echo.ask_within(LONG, EchoMsg::Notes).await;
        assert_eq!(notes, Ok(Vec::new()));
    }
}

// R4, R6: what cannot be decoded is refused, counted, and ends nothing.
#[tokio::test]
async fn a_payload_that_is_no_message_is_refused_and_the_link_stands() {
    for ends in transports() {
        let owner = ActorSystem::new("owner");
        let echo = owner.spawn(Echo::default());
        let mut letters = owner.dead_letters();
        let (link, _system, mut rogue) = with_rogue(ends, Some(&echo)).await;

        for payload in [&[99][..], &[0], &[0, 1, 1], &[]] {
            let export = ROOT;
            let tell = spelt(&Frame::Tell { export, payload });
            rogue.writer.write_all(&tell).await.expect("it is read");
            soon(letters.recv()).await.expect("a dead letter");
        }

        assert!(!link.is_closed());
    }
}

// R4: nothing is allocated on a peer's word, and a reference is no more than a number.
#[tokio::test]
async fn references_and_replies_that_a_peer_makes_up_reach_nobody() {
    for ends in transports() {
        let owner = ActorSystem::new("owner");
        let echo = owner.spawn(Echo::default());
        let mut letters = owner.dead_letters();
        let (link, _system, mut rogue) = with_rogue(ends, Some(&echo)).await;

        // `Back` with a reference to what we never exported.
        let mut payload = vec![4];
        actor_core::wire::encode(&actor_core::wire::WireRef::Yours(7), &mut payload).expect("fits");
        payload.extend_from_slice(&[1, 9, 0]);
        let export = ROOT;
        let payload = &payload[..];
        let tell = spelt(&Frame::Tell { export, payload });
        rogue.writer.write_all(&tell).await.expect("it is read");
        soon(letters.recv()).await.expect("a dead letter");

        // And with one of an unknown message type.
        let mut payload = vec![4];
        actor_core::wire::encode(&actor_core::wire::WireRef::Mine(7, 1), &mut payload)
            .expect("fits");
        payload.extend_from_slice(&[1, 9, 0]);
        let payload = &payload[..];
        let tell = spelt(&Frame::Tell { export, payload });
        rogue.writer.write_all(&tell).await.expect("it is read");
        soon(letters.recv()).await.expect("a dead letter");

        assert!(!link.is_closed());
        assert!(lock(&link.tables).imports.is_empty());
    }
}
