//! Claims about large messages on links: they hold nobody up, and nothing overtakes what it must not.

use actor_core::DeadLetterReason;

use super::*;
use crate::frame::{CHUNK_MAX, CHUNKED_MAX, FrameKind};

const MEBIBYTE: usize = 1024 * 1024;

fn text(len: usize) -> String {
    "x".repeat(len)
}

/// A link to a peer that the test plays, and a local actor behind which that peer stands.
struct Played {
    link: Arc<Link>,
    system: ActorSystem,
    echo: ActorRef<EchoMsg>,
    reader: crate::transport::BoxReader,
    frames: FrameReader,
    /// How long the peer waits before it reads on.
    pause: Duration,
}

impl Played {
    async fn new() -> Self {
        let (one, other) = Memory::pair(CHUNK_MAX);
        let (link, system, rogue) = with_rogue((Box::new(one), Box::new(other)), None).await;
        let (echo, outlet) = Outlet::<EchoMsg>::open(&system, Mailbox::bounded(32));
        drop(link.import_root(&echo.any(), Box::new(outlet), Owner::References));
        // Its writing half goes along with the other, so that the link stands.
        let reader = Box::new(tokio::io::join(rogue.reader, rogue.writer));
        Played {
            link,
            system,
            echo,
            reader,
            frames: FrameReader::new(CHUNK_MAX),
            pause: Duration::ZERO,
        }
    }

    /// What comes next.
    async fn next(&mut self) -> Heard {
        loop {
            if let Some(frame) = self.frames.next_frame().expect("frames") {
                return match frame {
                    Frame::Chunk { id, total, piece } => Heard::Piece(id, total, piece.len()),
                    other => Heard::Whole(other.kind()),
                };
            }
            if !self.pause.is_zero() {
                tokio::time::sleep(self.pause).await;
            }
            let read = soon(self.reader.read_buf(self.frames.buffer())).await;
            assert_ne!(read.expect("the link stands"), 0, "the link has ended");
        }
    }

    /// Reads until the message of that number is complete, and fails if anything else comes before.
    async fn complete(&mut self, number: u64) {
        let mut left = 0;
        loop {
            match self.next().await {
                Heard::Piece(id, total, len) if id == number => {
                    left = left + total - len as u64;
                    if left == 0 {
                        return;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Piece(u64, u64, usize),
    Whole(FrameKind),
}

// R7: counted in answers, not in time.
#[tokio::test]
async fn small_asks_are_answered_while_a_hundred_mebibytes_pass() {
    let (one, other) = Memory::pair(CHUNK_MAX);
    let pair = pair((Box::new(one), Box::new(other)), MESSAGE_MAX).await;
    let small = pair.echo.ask_within(LONG, EchoMsg::Another).await;
    let small = small.expect("answers");
    let echo = pair.echo.clone();
    let sent = text(100 * MEBIBYTE);
    let large = tokio::spawn(async move {
        let answer = echo.ask_within(LONG, |reply| EchoMsg::Repeat(sent, reply));
        answer.await.map(|text| text.len())
    });

    // In a task, which gets its turn among the others.
    let asks = tokio::spawn(async move {
        let mut answered = 0;
        while !large.is_finished() {
            let notes = small.ask_within(LONG, EchoMsg::Notes).await;
            notes.expect("answers");
            answered += 1;
        }
        (large.await.expect("it does not panic"), answered)
    });

    let (answer, answered) = soon(asks).await.expect("it does not panic");
    assert_eq!(answer, Ok(100 * MEBIBYTE));
    // There are 3,200 pieces; behind them as a whole there would be a handful of answers.
    assert!(answered > 300, "{answered}");
}

// R7: what the peer sees is one piece at most between two small messages that are there.
#[tokio::test]
async fn a_small_message_waits_for_a_piece_or_two_of_those_that_are_written() {
    let mut played = Played::new().await;
    played
        .echo
        .send(EchoMsg::Measure(text(4 * MEBIBYTE)))
        .await
        .expect("open");
    assert!(matches!(played.next().await, Heard::Piece(1, 1.., _)));

    for _ in 0..20 {
        played.link.send_credit(ROOT, 1);
        let mut pieces = 0;
        while let Heard::Piece(..) = played.next().await {
            pieces += 1;
        }
        // One in the pipe, one in the hands of the writer, and one of which the test has read a part.
        assert!(pieces <= 3, "{pieces}");
    }
}

// A1
#[tokio::test]
async fn messages_of_all_sizes_keep_their_order() {
    for pair in pairs().await {
        let around = [0, 3, CHUNK_MAX - 4, CHUNK_MAX, CHUNK_MAX + 4, MEBIBYTE];
        let lens: Vec<usize> = (0..90).map(|n| around[n % around.len()] + n % 7).collect();

        for len in &lens {
            pair.echo
                .send(EchoMsg::Measure(text(*len)))
                .await
                .expect("open");
        }

        let notes = soon(pair.echo.ask_within(LONG, EchoMsg::Notes)).await;
        let lens = lens.iter().map(|len| *len as u64);
        assert!(notes.expect("answers").into_iter().eq(lens));
    }
}

// R7
#[tokio::test]
async fn more_senders_of_large_messages_than_have_their_turn_are_all_served() {
    for pair in pairs().await {
        let mut asked = Vec::new();
        for n in 0..2 * CHUNKED_MAX + 1 {
            let echo = pair.echo.ask_within(LONG, EchoMsg::Another).await;
            let echo = echo.expect("answers");
            let text = n.to_string().repeat(MEBIBYTE + n);
            asked.push(tokio::spawn(async move {
                let sent = text.clone();
                let answer = echo.ask_within(LONG, |reply| EchoMsg::Repeat(sent, reply));
                answer.await.expect("answers") == text
            }));
        }

        for asked in asked {
            assert!(soon(asked).await.expect("it does not panic"));
        }
        assert!(!pair.link.is_closed() && !pair.other.is_closed());
    }
}

// R6, R7
#[tokio::test]
async fn a_message_or_an_answer_over_the_limit_is_an_error_and_the_link_stands() {
    for ends in transports() {
        let pair = pair(ends, 1 << 20).await;
        let mut letters = pair.here.dead_letters();
        let asks = |len| {
            let asked = move |reply| EchoMsg::Repeat(text(len), reply);
            pair.echo.ask_within(LONG, asked)
        };

        let over = soon(asks(MEBIBYTE)).await;
        let below = soon(asks(MEBIBYTE - 64)).await;

        let Err(AskError::Failed { reason }) = over else {
            panic!("it is too large");
        };
        let why = reason.to_string();
        assert!(why.contains("over the limit of 1048576"), "{why}");
        assert!(why.contains("max_message"), "it says what to do: {why}");
        let letter = soon(letters.recv()).await.expect("a dead letter");
        assert!(matches!(letter.reason, DeadLetterReason::Undecodable(_)));
        assert_eq!(below.map(|text| text.len()), Ok(MEBIBYTE - 64));
        // An answer that is longer than its question.
        let asked = pair
            .echo
            .ask_within(LONG, |reply| EchoMsg::Double(text(MEBIBYTE - 64), reply));
        let Err(AskError::Failed { reason }) = soon(asked).await else {
            panic!("it is too large");
        };
        let why = reason.to_string();
        assert!(why.contains("over the limit of 1048576"), "{why}");
        assert!(!pair.link.is_closed() && !pair.other.is_closed());
    }
}

// A2, B2, R1
#[tokio::test]
async fn a_link_that_is_lost_within_a_large_message_disconnects_its_ask() {
    let mut played = Played::new().await;
    let mut letters = played.system.dead_letters();
    let echo = played.echo.clone();
    let asked = tokio::spawn(async move {
        let large = |reply| EchoMsg::Repeat(text(8 * MEBIBYTE), reply);
        echo.ask_within(LONG, large).await.map(|text| text.len())
    });
    for _ in 0..3 {
        assert!(matches!(played.next().await, Heard::Piece(1, ..)));
    }

    drop(played.reader);

    let answer = soon(asked).await.expect("it does not panic");
    assert_eq!(answer, Err(AskError::Disconnected { may_have_run: true }));
    let letter = soon(letters.recv()).await.expect("a dead letter");
    let lost = DeadLetterReason::Lost {
        maybe_handled: true,
    };
    assert_eq!(letter.reason, lost);
    assert_eq!(soon(played.echo.wait()).await, ExitReason::NoConnection);
    assert!(played.link.outbox.pieces_left().is_none(), "it is freed");
}

// A1, C7: the release of an actor comes behind a large message that mentions it.
#[tokio::test]
async fn an_actor_that_a_large_message_mentions_can_be_let_go_of_at_once() {
    for pair in pairs().await {
        let lent = pair.echo.ask_within(LONG, EchoMsg::Lend).await;
        let lent = lent.expect("answers");
        lent.send(0).await.expect("open");

        let outlive = |reply| EchoMsg::Outlive(text(4 * MEBIBYTE), lent, reply);
        let answer = soon(pair.echo.ask_within(LONG, outlive)).await;

        assert_eq!(answer, Ok(ExitReason::Normal));
        assert!(!pair.link.is_closed() && !pair.other.is_closed());
    }
}

// F2: what is told of an actor comes behind the large message that brings it.
#[tokio::test]
async fn the_end_of_an_actor_is_heard_though_a_large_message_brings_it() {
    for pair in pairs().await {
        let ear = pair.here.spawn(Ear::new().0);
        let echo = pair.echo.clone();
        let sent = ear.clone();
        let asked = tokio::spawn(async move {
            let outlive = |reply| EchoMsg::Outlive(text(16 * MEBIBYTE), sent, reply);
            echo.ask_within(LONG, outlive).await
        });
        while pair.link.outbox.pieces_left().is_none() {
            tokio::task::yield_now().await;
        }

        ear.stop();

        let answer = soon(asked).await.expect("it does not panic");
        assert_eq!(answer, Ok(ExitReason::Normal));
    }
}

// F1, F2: it stands in no queue, so nothing but the outbox keeps the end behind it.
#[tokio::test]
async fn the_end_of_an_actor_is_heard_though_a_large_answer_brings_it() {
    for pair in pairs().await {
        let answer = pair.echo.ask_within(LONG, EchoMsg::LendLarge).await;

        let (text, ear) = answer.expect("answers");

        assert_eq!(text.len(), 8 << 20);
        assert_eq!(soon(ear.wait()).await, ExitReason::Normal);
    }
}

/// A peer that was told of an ear, and to which a large message is leaving.
async fn with_ear() -> (Played, ActorRef<u64>) {
    let mut played = Played::new().await;
    let ear = played.system.spawn(Ear::new().0);
    let (echo, sent) = (played.echo.clone(), ear.clone());
    tokio::spawn(async move {
        let outlive = |reply| EchoMsg::Outlive(String::new(), sent, reply);
        echo.ask_within(LONG, outlive).await
    });
    assert_eq!(played.next().await, Heard::Whole(FrameKind::Tell));
    (played, ear)
}

// F2
#[tokio::test]
async fn an_end_is_told_behind_a_large_message_that_is_leaving() {
    let (mut played, ear) = with_ear().await;
    played
        .echo
        .send(EchoMsg::Measure(text(2 * MEBIBYTE)))
        .await
        .expect("open");
    while played.link.outbox.pieces_left().is_none() {
        tokio::task::yield_now().await;
    }

    ear.stop();
    soon(ear.wait()).await;

    played.complete(1).await;
    assert_eq!(played.next().await, Heard::Whole(FrameKind::Gone));
}

// F2: a recipient that takes long for what is large is not one that is stuck.
#[tokio::test(start_paused = true)]
async fn an_end_is_told_behind_large_messages_that_leave_slowly() {
    let (mut played, ear) = with_ear().await;
    for _ in 0..2 {
        let large = EchoMsg::Measure(text(MEBIBYTE));
        played.echo.send(large).await.expect("open");
    }
    ear.stop();
    soon(ear.wait()).await;

    played.pause = Duration::from_millis(700);

    played.complete(1).await;
    played.complete(2).await;
    assert_eq!(played.next().await, Heard::Whole(FrameKind::Gone));
}

// C11: an end must fit into one frame.
#[tokio::test]
async fn a_reason_that_is_too_long_to_travel_is_cut() {
    struct Fails;
    impl Actor for Fails {
        type Msg = u64;
        async fn handle(&mut self, _: u64, _ctx: &mut Context<Self>) -> ActorResult {
            Err("it is long ".repeat(100_000).into())
        }
    }
    for pair in pairs().await {
        let fails = pair.here.spawn(Fails);
        let (echo, sent) = (pair.echo.clone(), fails.clone());
        let asked = tokio::spawn(async move {
            let outlive = |reply| EchoMsg::Outlive(String::new(), sent, reply);
            echo.ask_within(LONG, outlive).await
        });

        fails.send(1).await.expect("open");

        let reason = soon(asked).await.expect("it does not panic");
        let Ok(ExitReason::Failed(text)) = reason else {
            panic!("{reason:?}");
        };
        assert!(text.contains("it is long it is long"), "{text}");
        assert!(!pair.link.is_closed() && !pair.other.is_closed());
    }
}

// B4: a cancellation does not come before what it cancels.
#[tokio::test]
async fn an_ask_that_is_given_up_while_it_leaves_is_cancelled_behind_it() {
    let mut played = Played::new().await;
    let large = |reply| EchoMsg::Repeat(text(MEBIBYTE), reply);

    let answer = played.echo.ask_within(Duration::from_millis(20), large);
    let answer = answer.await.map(|text| text.len());

    assert!(
        matches!(answer, Err(AskError::Timeout { .. })),
        "{answer:?}"
    );
    // One that is small passes.
    assert!(
        played.link.outbox.pieces_left().is_some(),
        "it has not left"
    );
    played.link.send_credit(ROOT, 1);
    let mut heard = Vec::new();
    while heard.last() != Some(&Heard::Whole(FrameKind::Cancel)) {
        heard.push(played.next().await);
    }
    let credit = Heard::Whole(FrameKind::Credit);
    let at = heard.iter().position(|frame| *frame == credit);
    assert!(at.is_some_and(|at| at < heard.len() - 2), "{heard:?}");
    let len: usize = heard
        .iter()
        .map(|frame| match frame {
            Heard::Piece(_, _, len) => *len,
            Heard::Whole(_) => 0,
        })
        .sum();
    assert!(len > MEBIBYTE, "{len}");
}

fn piece(id: u64, total: u64, piece: &[u8]) -> Vec<u8> {
    spelt(&Frame::Chunk { id, total, piece })
}

// R4
#[tokio::test]
async fn pieces_that_belong_to_no_message_end_the_link_with_an_error() {
    let tell: &[u8] = &[FrameKind::Tell as u8, 0];
    let total = 1 << 20;
    let begun = piece(1, total, tell);
    check(&piece(1, 0, tell), "no first one").await;
    check(&piece(1, total, &[]), "an empty piece").await;
    check(&piece(1, 10, tell), "fits into one frame").await;
    check(&piece(1, 1 << 30, tell), "over the limit of 134217728").await;
    check(&[&begun[..], &begun].concat(), "a second first piece").await;
    let kind = FrameKind::Chunk as u8;
    check(&piece(1, total, &[kind]), "a frame of kind 21 in pieces").await;
    let many: Vec<u8> = (0..=CHUNKED_MAX as u64)
        .flat_map(|id| piece(id, total, tell))
        .collect();
    check(&many, "more than 4 messages").await;
    let filled = piece(1, 0, &[0; 60_000]).repeat(18);
    check(&[begun, filled].concat(), "longer than it was announced").await;
}

// R4: what is complete is judged as if it had come whole.
#[tokio::test]
async fn a_large_message_that_must_not_be_sent_ends_the_link_with_an_error() {
    let large = |frame: &[u8]| {
        let total = CHUNK_MAX as u64 + 100;
        let rest = vec![0; total as usize - 50_000 - frame.len()];
        let first = [frame, &[0; 50_000]].concat();
        [piece(1, total, &first), piece(1, 0, &rest)].concat()
    };
    check(&large(&[FrameKind::Tell as u8, 9]), "never exported").await;
    check(&large(&[FrameKind::Spawn as u8, 1, 1]), "no parent").await;
    check(&large(&[FrameKind::Reply as u8, 1, 99]), "malformed").await;
}

// R4
#[tokio::test]
async fn a_message_of_which_a_part_is_missing_dies_with_the_link() {
    let tell: &[u8] = &[FrameKind::Tell as u8, 0, 0, 1];
    check(&piece(1, 1 << 20, tell), "closed the link").await;
}
