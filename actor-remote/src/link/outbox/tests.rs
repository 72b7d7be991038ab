//! Claims about the outbox, a write at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Wake, Waker};

use super::*;

const PIECE: usize = 64;

fn outbox() -> Outbox {
    Outbox::new(PIECE, 1 << 20)
}

fn cargo(len: usize) -> Cargo {
    Cargo::new(Bytes::from(vec![16; len]))
}

/// What the next write is: what stands in the buffer, and the piece behind it.
fn write(outbox: &Outbox) -> Option<(Vec<u8>, usize)> {
    let mut buffer = Vec::new();
    let piece = outbox.take(&mut buffer).expect("it is open")?;
    Some((buffer, piece.len()))
}

fn has_left(outbox: &Outbox, number: u64) -> bool {
    let cx = &mut Context::from_waker(Waker::noop());
    outbox.poll_left(number, &mut Place::default(), cx)
}

// R7
#[test]
fn what_is_appended_is_written_before_the_next_piece() {
    let outbox = outbox();
    let number = outbox.append_large(b"before", cargo(10 * PIECE));

    for round in 0..10_u8 {
        outbox.append(|buffer| buffer.extend_from_slice(&[b'-', round]));
        let (buffer, piece) = write(&outbox).expect("there is something");

        let start = if round == 0 { b"before".len() } else { 0 };
        assert_eq!(buffer[start..start + 2], [b'-', round]);
        assert!(piece > 0, "and neither do small ones hold it up");
        assert!(!has_left(&outbox, number));
    }
    while !has_left(&outbox, number) {
        write(&outbox).expect("there is something");
    }
    assert_eq!(write(&outbox), None);
}

// A1, F2
#[test]
fn what_must_not_overtake_a_large_message_is_written_behind_its_last_piece() {
    let outbox = outbox();
    let replies = vec![7];
    let cargo = Cargo {
        replies,
        ..cargo(2 * PIECE)
    };
    let number = outbox.append_large(&[], cargo);
    outbox.append_behind_large(b"end".to_vec());
    outbox.append_behind_carrier(7, b"cancel".to_vec());
    outbox.append_behind_carrier(8, b"another".to_vec());

    let (first, _) = write(&outbox).expect("there is something");
    assert!(first.starts_with(b"another"));
    while !has_left(&outbox, number) {
        let (buffer, piece) = write(&outbox).expect("a piece");
        assert!(buffer.len() < b"endcancel".len() && piece > 0, "{buffer:?}");
    }
    assert_eq!(write(&outbox), Some((b"endcancel".to_vec(), 0)));
    // With nothing to wait for it goes at once.
    outbox.append_behind_large(b"end".to_vec());
    assert_eq!(write(&outbox), Some((b"end".to_vec(), 0)));
}

// R3
#[test]
fn large_answers_wait_up_to_a_bound_and_room_comes_back_as_they_leave() {
    let outbox = outbox();
    let answer = |len| Cargo {
        is_answer: true,
        ..cargo(len)
    };
    let len = UNREAD_MAX / 2;
    for _ in 0..2 {
        outbox.reserve_answer(len).expect("there is room");
        outbox.append_large(&[], answer(len));
    }
    // A message waits with its sender, and takes no room of answers.
    outbox.append_large(&[], cargo(len));

    let refused = outbox.reserve_answer(PIECE).expect_err("there is no room");
    assert!(refused.to_string().contains(&UNREAD_MAX.to_string()));
    for _ in 0..3 {
        write(&outbox).expect("a piece");
    }
    outbox.reserve_answer(PIECE).expect("there is room");
}

// R3, R4: also while nothing leaves.
#[test]
fn frames_behind_a_large_message_count_as_unread() {
    let outbox = outbox();
    outbox.append_large(&[], cargo(3 * PIECE));
    let half = UNREAD_MAX / 2;

    outbox.append_behind_large(vec![0; half]);
    outbox.append_control(|buffer| buffer.resize(half, 0));
    assert!(!outbox.has_overflowed());
    outbox.append_behind_large(vec![0]);

    assert!(outbox.has_overflowed());
    assert!(outbox.take(&mut Vec::new()).is_err());
}

// C2
#[test]
fn what_is_finished_is_written_to_the_last_piece_and_what_is_behind() {
    let outbox = outbox();
    outbox.append_large(&[], cargo(3 * PIECE));
    outbox.append_behind_large(b"end".to_vec());

    outbox.finish();

    outbox.append(|buffer| buffer.extend_from_slice(b"late"));
    let mut written = 0;
    let last = loop {
        let (buffer, piece) = write(&outbox).expect("there is something");
        written += piece;
        if piece == 0 {
            break buffer;
        }
    };
    assert_eq!((written, last), (3 * PIECE, b"end".to_vec()));
    assert!(outbox.take(&mut Vec::new()).is_err(), "nothing more comes");
}

// R1
#[test]
fn a_closed_outbox_has_let_go_of_large_messages() {
    let outbox = outbox();
    let number = outbox.append_large(&[], cargo(3 * PIECE));
    assert!(!has_left(&outbox, number));
    assert!(outbox.pieces_left().is_some());

    outbox.close();

    assert!(has_left(&outbox, number), "nobody waits for it any more");
    assert!(outbox.pieces_left().is_none());
    outbox.append_large(&[], cargo(PIECE));
    assert!(outbox.pieces_left().is_none());
}

// R3, R4
#[tokio::test]
async fn a_piece_is_written_from_where_it_lies_whatever_the_writer_takes() {
    for room in [1, 7, 64, 4096] {
        let (mut reader, writer) = tokio::io::duplex(room);
        let mut writer: BoxWriter = Box::new(writer);
        let read = async {
            let mut all = Vec::new();
            tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut all)
                .await
                .expect("it is open");
            all
        };
        let written = async {
            for (buffer, piece) in [(&b"head"[..], &b"piece"[..]), (b"", b"x"), (b"y", b"")] {
                write_both(&mut writer, buffer, piece).await.expect("open");
            }
            drop(writer);
        };

        let (all, ()) = tokio::join!(read, written);

        assert_eq!(all, b"headpiecexy");
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn who_looks_often_is_woken_once_and_by_its_last_waker() {
    let mut waiting = Waiting::default();
    let (first, second, other) = <(Arc<Count>, Arc<Count>, Arc<Count>)>::default();
    let (mut place, mut place_of_other) = <(Place, Place)>::default();
    for round in 1..=3 {
        waiting.keep(&mut place, &Arc::clone(&first).into());
        waiting.keep(&mut place_of_other, &Arc::clone(&other).into());
        for _ in 0..10 {
            waiting.keep(&mut place, &Arc::clone(&second).into());
            waiting.keep(&mut place_of_other, &Arc::clone(&other).into());
        }

        waiting.take().into_iter().for_each(Waker::wake);

        let woken = [&first, &second, &other].map(|count| count.0.load(Ordering::Relaxed));
        assert_eq!(woken, [0, round, round]);
    }
    assert!(waiting.take().is_empty());
}
