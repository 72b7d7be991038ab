//! Claims about messages in pieces; no runtime, no I/O.

use bytes::Bytes;

use super::split::FIELDS_MAX;
use super::*;
use crate::frame::{Frame, FrameError, FrameReader, HEADER_LEN, encode};

const LEN: usize = 64;
const LIMIT: usize = 10 * LEN;

/// A frame without its length, so long in total, and recognisable.
fn cargo(len: usize, seed: u8) -> Cargo {
    let mut frame = vec![FrameKind::Tell as u8, 1];
    frame.extend((2..len).map(|at| seed.wrapping_add(at as u8)));
    Cargo::new(Bytes::from(frame))
}

fn incoming() -> Incoming {
    Incoming::new(LEN, LIMIT)
}

/// Everything that is there to be written, a piece at a time.
fn cut(outgoing: &mut Outgoing) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut out = Vec::new();
    while let Some(piece) = outgoing.next_piece(&mut out, LEN) {
        out.extend_from_slice(&piece);
        frames.push(std::mem::take(&mut out));
    }
    frames
}

/// The number and the content of a piece.
fn read(frame: &[u8]) -> (u64, u64, Vec<u8>) {
    let mut reader = FrameReader::new(LEN);
    reader.feed(frame);
    match reader.next_frame() {
        Ok(Some(Frame::Chunk { id, total, piece })) => (id, total, piece.to_vec()),
        other => panic!("{other:?}"),
    }
}

fn join(incoming: &mut Incoming, frame: &[u8]) -> Option<Vec<u8>> {
    let (id, total, piece) = read(frame);
    let joined = incoming.handle_piece(id, total, &piece).expect("in order");
    joined.map(|joined| match joined.frame() {
        Ok(Frame::Tell { export: 1, payload }) => payload.to_vec(),
        other => panic!("{other:?}"),
    })
}

// R7
#[test]
fn a_message_of_any_length_is_cut_into_pieces_and_joined_again() {
    for len in LEN + 1..=3 * LEN + 1 {
        let mut outgoing = Outgoing::default();
        let mut incoming = incoming();
        let sent = Cargo {
            is_answer: true,
            ..cargo(len, 3)
        };
        let payload = sent.frame.slice(2..);
        outgoing.reserve_answer(len);
        outgoing.push(sent);
        assert_eq!(outgoing.answer_bytes(), len);

        let frames = cut(&mut outgoing);

        let (last, before) = frames.split_last().expect("there are pieces");
        for frame in before {
            assert_eq!(
                frame.len(),
                LEN + HEADER_LEN,
                "each is as long as it may be"
            );
            assert_eq!(join(&mut incoming, frame), None);
        }
        assert_eq!(join(&mut incoming, last).expect("complete"), payload);
        assert!(outgoing.is_empty() && outgoing.has_left(1));
        assert_eq!((outgoing.answer_bytes(), incoming.held()), (0, 0));
        assert_eq!(outgoing.pieces(), frames.len() as u64);
    }
}

// R7
#[test]
fn pieces_are_frames_as_they_are_spelt_elsewhere() {
    let mut outgoing = Outgoing::default();
    let sent = cargo(LEN + 40, 3);
    let whole = sent.frame.clone();
    outgoing.push(sent);

    let frames = cut(&mut outgoing);

    let (first, second) = whole.split_at(LEN - 2);
    for (frame, total, piece) in [(&frames[0], whole.len(), first), (&frames[1], 0, second)] {
        let mut spelt = Vec::new();
        let total = total as u64;
        encode(
            &mut spelt,
            &Frame::Chunk {
                id: 1,
                total,
                piece,
            },
            LEN,
        )
        .expect("it fits");
        assert_eq!(frame, &spelt);
    }
}

// R7
#[test]
fn a_few_messages_take_turns_and_the_others_wait_in_order() {
    let mut outgoing = Outgoing::default();
    for seed in 0..6 {
        outgoing.push(cargo(3 * (LEN - FIELDS_MAX), seed));
    }

    let order: Vec<u64> = cut(&mut outgoing)
        .iter()
        .map(|frame| read(frame).0)
        .collect();

    let (mut open, mut most) = (Vec::new(), 0);
    for (at, id) in order.iter().enumerate() {
        if !open.contains(id) {
            open.push(*id);
        }
        most = most.max(open.len());
        if !order[at + 1..].contains(id) {
            open.retain(|other| other != id);
        }
    }
    assert_eq!(most, CHUNKED_MAX);
    assert_eq!(order[..4], [1, 2, 3, 4]);
    let first = |id| order.iter().position(|other| *other == id);
    assert!(first(4) < first(5) && first(5) < first(6), "{order:?}");
}

// R7
#[test]
fn messages_in_turn_are_told_apart() {
    let mut outgoing = Outgoing::default();
    let mut incoming = incoming();
    let sent: Vec<Bytes> = (0..9)
        .map(|seed| {
            let cargo = cargo(LEN + 1 + 30 * usize::from(seed), seed);
            let payload = cargo.frame.slice(2..);
            outgoing.push(cargo);
            payload
        })
        .collect();

    let mut arrived: Vec<Vec<u8>> = cut(&mut outgoing)
        .iter()
        .filter_map(|frame| join(&mut incoming, frame))
        .collect();

    arrived.sort_by_key(Vec::len);
    assert_eq!(arrived, sent);
}

// A1, F2
#[test]
fn what_is_kept_behind_comes_out_when_all_before_it_have_left() {
    let mut outgoing = Outgoing::default();
    let mut due = Vec::new();
    // The second is short and leaves first.
    let long = outgoing.push(cargo(5 * LEN, 0));
    let short = outgoing.push(cargo(LEN + 1, 0));
    outgoing.keep_behind(short, b"second".to_vec());
    outgoing.keep_behind(long, b"first".to_vec());
    let late = outgoing.push(cargo(9 * LEN, 0));
    outgoing.keep_behind(late, b"last".to_vec());

    while !outgoing.has_left(long) {
        outgoing.take_left(&mut due);
        assert!(due.is_empty());
        outgoing
            .next_piece(&mut Vec::new(), LEN)
            .expect("there is one");
    }
    assert!(outgoing.take_left(&mut due));
    assert!(!outgoing.take_left(&mut due));

    assert!(outgoing.has_left(short) && !outgoing.has_left(late));
    assert_eq!(due, b"secondfirst");
    cut(&mut outgoing);
    outgoing.take_left(&mut due);
    assert_eq!(due, b"secondfirstlast");
}

#[test]
fn the_message_that_carries_a_reply_is_known_until_it_has_left() {
    let mut outgoing = Outgoing::default();
    outgoing.push(cargo(2 * LEN, 0));
    let carrier = outgoing.push(Cargo {
        replies: vec![5, 6],
        ..cargo(2 * LEN, 0)
    });

    assert_eq!(outgoing.carrier_of(6), Some(carrier));
    assert_eq!(outgoing.carrier_of(7), None);
    cut(&mut outgoing);
    assert_eq!(outgoing.carrier_of(6), None);
    assert_eq!(outgoing.last(), carrier);
}

/// Pieces, and what the last of them is.
#[track_caller]
fn check(pieces: &[(u64, u64, &[u8])], error: ChunkError) {
    let mut incoming = incoming();
    let (last, before) = pieces.split_last().expect("there are some");
    for (id, total, piece) in before {
        let joined = incoming.handle_piece(*id, *total, piece);
        assert!(matches!(joined, Ok(None)), "{joined:?}");
    }
    let (id, total, piece) = *last;
    assert_eq!(incoming.handle_piece(id, total, piece).err(), Some(error));
}

// R4
#[test]
fn pieces_that_belong_to_no_message_are_errors() {
    let tell: &[u8] = &[FrameKind::Tell as u8; 10];
    let total = 2 * LEN as u64;
    check(&[(1, 0, tell)], ChunkError::Unknown(1));
    check(&[(1, total, tell), (2, 0, tell)], ChunkError::Unknown(2));
    check(
        &[(1, total, tell), (1, total, tell)],
        ChunkError::Repeated(1),
    );
    check(&[(1, total, &[])], ChunkError::Empty(1));
    check(&[(1, total, tell), (1, 0, &[])], ChunkError::Empty(1));
    check(&[(1, total, &[16; 2 * LEN + 1])], ChunkError::Beyond(1));
    let nearly = &[16; 2 * LEN - 1];
    check(
        &[(1, total, nearly), (1, 0, &[1, 2])],
        ChunkError::Beyond(1),
    );
    // After its last piece a message is no longer known.
    let mut incoming = incoming();
    incoming.handle_piece(1, total, nearly).expect("begun");
    let done = incoming.handle_piece(1, 0, &[1]).expect("its last one");
    assert!(done.is_some());
    let more = incoming.handle_piece(1, 0, &[1]);
    assert_eq!(more.err(), Some(ChunkError::Unknown(1)));
}

// R4
#[test]
fn lengths_outside_of_the_limits_are_refused_by_the_first_piece_alone() {
    let tell: &[u8] = &[FrameKind::Tell as u8];
    let limit = LIMIT;
    for declared in [LIMIT as u64 + 1, 1 << 40, u64::MAX] {
        check(
            &[(1, declared, tell)],
            ChunkError::TooLong { declared, limit },
        );
    }
    for declared in [1, LEN as u64] {
        check(&[(1, declared, tell)], ChunkError::TooShort { declared });
    }
    for total in [LEN as u64 + 1, LIMIT as u64] {
        assert!(incoming().handle_piece(1, total, tell).is_ok());
    }
}

// R4
#[test]
fn one_message_too_many_at_a_time_is_an_error() {
    let tell: &[u8] = &[FrameKind::Tell as u8];
    let total = 2 * LEN as u64;
    let mut pieces: Vec<_> = (0..CHUNKED_MAX as u64)
        .map(|id| (id, total, tell))
        .collect();
    pieces.push((99, total, tell));
    check(&pieces, ChunkError::TooMany);
}

// R4
#[test]
fn only_what_users_send_travels_in_pieces() {
    let total = 2 * LEN as u64;
    for byte in 0..=u8::MAX {
        let accepted = incoming().handle_piece(1, total, &[byte]).is_ok();
        let expected = [FrameKind::Tell, FrameKind::Reply, FrameKind::Spawn];
        assert_eq!(accepted, expected.iter().any(|kind| *kind as u8 == byte));
        if !accepted {
            check(&[(1, total, &[byte])], ChunkError::Kind(byte));
        }
    }
}

// R4
#[test]
fn a_joined_body_that_does_not_belong_to_its_kind_is_malformed() {
    let mut incoming = incoming();
    // A number without an end.
    let mut frame = vec![0xff; 2 * LEN];
    frame[0] = FrameKind::Tell as u8;

    let joined = incoming.handle_piece(1, 2 * LEN as u64, &frame);

    let joined = joined.expect("complete").expect("complete");
    assert_eq!(joined.frame(), Err(FrameError::Malformed(FrameKind::Tell)));
}

// R4
#[test]
fn an_announced_length_allocates_nothing() {
    let mut incoming = Incoming::new(CHUNK_MAX, usize::MAX);
    let announced = 1 << 40;

    incoming
        .handle_piece(1, announced, &[16; 100])
        .expect("it may be");
    assert!(incoming.held() <= 100);
    for sent in 1..100 {
        incoming.handle_piece(1, 0, &[0; 100]).expect("in order");
        assert!(
            incoming.held() <= 2 * 100 * (sent + 1),
            "{}",
            incoming.held()
        );
    }
}

// R4
#[test]
fn room_never_grows_beyond_what_was_announced() {
    let mut incoming = incoming();
    let total = 5 * LEN + 3;
    incoming
        .handle_piece(1, total as u64, &[16; 100])
        .expect("begun");
    for _ in 0..(total - 101) / 7 {
        incoming.handle_piece(1, 0, &[0; 7]).expect("in order");
        assert!(incoming.held() <= total, "{}", incoming.held());
    }
}

// R4
#[test]
fn random_pieces_never_panic_and_hold_no_more_than_they_brought() {
    let mut state = 1_u64;
    let mut random = |bound: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    for _ in 0..3_000 {
        let mut incoming = incoming();
        let mut brought = 0;
        for _ in 0..40 {
            let total = [0, 0, 2 * LEN as u64, random(2 * LIMIT as u64)][random(4) as usize];
            let piece = vec![[16, 18, 8, 0][random(4) as usize]; random(60) as usize];
            brought += piece.len();
            match incoming.handle_piece(random(3), total, &piece) {
                Ok(Some(joined)) => drop(joined.frame()),
                Ok(None) => assert!(incoming.held() <= 2 * brought),
                // The link ends.
                Err(_) => break,
            }
        }
    }
}
