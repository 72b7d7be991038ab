//! Claims about frames; no runtime, no I/O.

use super::*;

const LIMIT: usize = 4096;

/// One frame of every kind and of every variant that travels as a byte.
fn samples() -> Vec<Frame<'static>> {
    let mut frames = vec![
        Frame::Hello { body: b"hello" },
        Frame::Reject { body: b"" },
        Frame::GoAway { text: "näher" },
        Frame::Spawn {
            request: 300,
            window: 64,
            name: "worker-1",
            factory: "demo.Counter/v1",
            args: &[1, 2, 3],
        },
        Frame::Spawned {
            request: 300,
            export: 1,
        },
        Frame::Ended { reason: &[0] },
        Frame::Tell {
            export: u64::MAX,
            payload: b"payload",
        },
        Frame::Tell {
            export: 0,
            payload: b"",
        },
        Frame::Credit {
            export: 5,
            n: u32::MAX,
        },
        Frame::Reply {
            reply: 128,
            outcome: ReplyOutcome::Value(b"value"),
        },
        Frame::Cancel { reply: 1 << 42 },
        Frame::Chunk {
            id: 9,
            total: 1 << 20,
            piece: b"piece",
        },
        Frame::Chunk {
            id: 9,
            total: 0,
            piece: b"another",
        },
        Frame::Release {
            export: 4,
            count: 2,
        },
        Frame::Gone {
            export: 4,
            reason: b"",
        },
    ];
    frames.extend(
        StopHow::ALL
            .iter()
            .map(|&how| Frame::Stop { export: 1, how }),
    );
    frames.extend(SpawnFailure::ALL.iter().map(|&cause| Frame::SpawnFailed {
        request: 1,
        cause,
        text: "no such thing",
    }));
    frames.extend(NackReason::ALL.iter().map(|&what| Frame::Nack {
        export: 9,
        number: 200,
        what,
        text: "",
    }));
    frames.extend(ReplyFailure::ALL.iter().map(|&failure| Frame::Reply {
        reply: 1,
        outcome: ReplyOutcome::Failure(failure, b"detail"),
    }));
    frames
}

fn encoded(frame: &Frame<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    encode(&mut out, frame, LIMIT).expect("samples are small");
    out
}

fn fed(bytes: &[u8]) -> FrameReader {
    let mut reader = FrameReader::new(LIMIT);
    reader.feed(bytes);
    reader
}

/// A small generator whose sequence is fixed for ever, so that a failing seed can be replayed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

#[test]
fn samples_cover_every_kind() {
    let samples = samples();
    for kind in FrameKind::ALL {
        assert!(samples.iter().any(|f| f.kind() == *kind), "{kind:?}");
        assert_eq!(FrameKind::from_byte(*kind as u8), Some(*kind));
    }
}

#[test]
fn every_frame_survives_the_way() {
    for frame in samples() {
        let mut reader = fed(&encoded(&frame));

        assert_eq!(reader.next_frame(), Ok(Some(frame)));
        assert_eq!(reader.next_frame(), Ok(None));
        assert_eq!(reader.finish(), Ok(()));
    }
}

#[test]
fn header_is_length_and_kind() {
    let bytes = encoded(&Frame::Cancel { reply: 300 });

    assert_eq!(bytes, [2, 0, 0, 0, FrameKind::Cancel as u8, 0xac, 0x02]);
}

#[test]
fn varints_are_spelt_as_postcard_spells_them() {
    let mut random = Random(1);
    for shift in 0..64 {
        for value in [
            1_u64 << shift,
            (1 << shift) - 1,
            random.next() >> shift,
            u64::MAX,
        ] {
            let expected = postcard::to_stdvec(&value).expect("a number encodes");
            let mut out = Vec::new();
            varint::put(&mut out, value);

            assert_eq!(out, expected);
            assert_eq!(varint::read(&out), Some((value, out.len())));
        }
    }
}

#[test]
fn varint_over_64_bits_is_refused() {
    let mut too_large = [0xff; 10];
    too_large[9] = 2;
    assert_eq!(varint::read(&too_large), None);
    assert_eq!(varint::read(&[0xff; 16]), None);
    assert_eq!(varint::read(&[0x80]), None);
    assert_eq!(varint::read(&[]), None);
}

#[test]
fn frames_arrive_whole_whatever_the_pieces() {
    let frames = samples();
    let stream: Vec<u8> = frames.iter().flat_map(encoded).collect();
    for piece in [1, 2, 3, 5, 7, 64, stream.len()] {
        let mut reader = FrameReader::new(LIMIT);
        let mut arrived = 0;
        for bytes in stream.chunks(piece) {
            reader.feed(bytes);
            while let Some(frame) = reader.next_frame().expect("the stream is well formed") {
                assert_eq!(frame, frames[arrived], "pieces of {piece}");
                arrived += 1;
            }
        }

        assert_eq!(arrived, frames.len());
        assert_eq!(reader.finish(), Ok(()));
    }
}

// R4
#[test]
fn frame_cut_at_any_byte_is_truncated_not_garbage() {
    for frame in samples() {
        let bytes = encoded(&frame);
        for len in 1..bytes.len() {
            let mut reader = fed(&bytes[..len]);

            assert_eq!(reader.next_frame(), Ok(None));
            assert_eq!(reader.finish(), Err(FrameError::Truncated(len)));
        }
    }
}

// R4
#[test]
fn body_cut_at_any_byte_never_panics() {
    for frame in samples() {
        let bytes = encoded(&frame);
        for len in HEADER_LEN..bytes.len() {
            let mut short = bytes[..len].to_vec();
            short[..4].copy_from_slice(&((len - HEADER_LEN) as u32).to_le_bytes());

            match fed(&short).next_frame() {
                Ok(Some(other)) => assert_ne!(other, frame),
                other => assert_eq!(other, Err(FrameError::Malformed(frame.kind()))),
            }
        }
    }
}

#[test]
fn body_with_a_byte_too_many_is_malformed() {
    let mut bytes = encoded(&Frame::Cancel { reply: 1 });
    bytes.push(0);
    bytes[0] += 1;

    assert_eq!(
        fed(&bytes).next_frame(),
        Err(FrameError::Malformed(FrameKind::Cancel))
    );
}

// R4
#[test]
fn oversize_frame_is_refused_by_its_header_alone() {
    let mut header = (LIMIT as u32 + 1).to_le_bytes().to_vec();
    header.push(FrameKind::Tell as u8);
    let mut reader = fed(&header);

    let refused = Err(FrameError::TooLong {
        declared: LIMIT as u32 + 1,
        limit: LIMIT,
    });
    assert_eq!(reader.next_frame(), refused);
    assert_eq!(reader.next_frame(), refused, "a broken reader stays broken");
}

// R4
#[test]
fn announced_length_allocates_nothing() {
    let mut reader = FrameReader::new(usize::MAX);
    let mut header = u32::MAX.to_le_bytes().to_vec();
    header.push(FrameKind::Tell as u8);
    reader.feed(&header);

    assert_eq!(reader.next_frame(), Ok(None));
    assert!(reader.buffer().capacity() < 1024 * 1024);
}

#[test]
fn unknown_kind_is_refused() {
    let mut reader = fed(&[0, 0, 0, 0, 255]);

    assert_eq!(reader.next_frame(), Err(FrameError::UnknownKind(255)));
    assert_eq!(reader.finish(), Err(FrameError::UnknownKind(255)));
}

#[test]
fn frames_before_the_broken_one_are_handed_out() {
    let good = Frame::Cancel { reply: 3 };
    let mut bytes = encoded(&good);
    bytes.extend_from_slice(&[0, 0, 0, 0, 0]);
    let mut reader = fed(&bytes);

    assert_eq!(reader.next_frame(), Ok(Some(good)));
    assert_eq!(reader.next_frame(), Err(FrameError::UnknownKind(0)));
}

#[test]
fn frame_over_the_limit_is_taken_back() {
    let mut out = encoded(&Frame::Cancel { reply: 1 });
    let before = out.clone();
    let large = [7; 100];

    let result = encode(&mut out, &Frame::Ended { reason: &large }, 99);

    assert_eq!(
        result,
        Err(FrameTooLarge {
            len: 100,
            limit: 99
        })
    );
    assert_eq!(out, before);
}

#[test]
fn rolled_back_frame_leaves_no_trace() {
    let mut out = encoded(&Frame::Cancel { reply: 1 });
    let before = out.clone();

    let mark = begin_tell(&mut out, 77);
    out.extend_from_slice(b"half a message");
    mark.rollback(&mut out);

    assert_eq!(out, before);
}

// R7
#[test]
fn a_frame_is_taken_out_of_its_buffer_without_its_length() {
    let mut out = encoded(&Frame::Cancel { reply: 1 });
    let before = out.clone();
    let mark = begin_tell(&mut out, 7);
    out.extend_from_slice(b"payload");
    assert_eq!(mark.body_len(&out), 8);

    let frame = mark.take_out(&mut out);

    assert_eq!(out, before);
    let mut expected = vec![FrameKind::Tell as u8, 7];
    expected.extend_from_slice(b"payload");
    assert_eq!(frame, expected);
}

#[test]
fn frames_written_in_place_equal_encoded_ones() {
    for number in [0, 127, 128, u64::MAX] {
        let mut out = Vec::new();
        let mark = begin_tell(&mut out, number);
        out.extend_from_slice(b"payload");
        mark.finish(&mut out, LIMIT).expect("small");
        let mark = begin_reply(&mut out, number);
        out.extend_from_slice(b"value");
        mark.finish(&mut out, LIMIT).expect("small");
        encode_credit(&mut out, number, 1000);

        let mut expected = encoded(&Frame::Tell {
            export: number,
            payload: b"payload",
        });
        expected.extend(encoded(&Frame::Reply {
            reply: number,
            outcome: ReplyOutcome::Value(b"value"),
        }));
        expected.extend(encoded(&Frame::Credit {
            export: number,
            n: 1000,
        }));
        assert_eq!(out, expected);
    }
}

#[test]
fn text_is_cut_between_characters() {
    assert_eq!(cut_text("häuser", 2), "h");
    assert_eq!(cut_text("häuser", 3), "hä");
    assert_eq!(cut_text("häuser", 100), "häuser");
    assert_eq!(cut_text("ä", 0), "");
}

#[test]
fn buffer_of_a_large_frame_is_given_back() {
    const LARGE: usize = 1024 * 1024;
    let mut reader = FrameReader::new(LARGE);
    let payload = vec![0; LARGE - 16];
    let mut bytes = Vec::new();
    let frame = Frame::Tell {
        export: 1,
        payload: &payload,
    };
    encode(&mut bytes, &frame, LARGE).expect("under the limit");
    reader.feed(&bytes);
    assert_eq!(reader.next_frame(), Ok(Some(frame)));

    assert!(reader.buffer().capacity() < LARGE / 2);
}

// R4
#[test]
fn random_bytes_never_panic() {
    for seed in 0..2_000 {
        let mut random = Random(seed);
        let mut bytes: Vec<u8> = (0..random.below(200))
            .map(|_| random.next() as u8)
            .collect();
        // Half of them get a header that lets the body through to the decoders.
        if seed % 2 == 0 && bytes.len() >= HEADER_LEN {
            let kinds = FrameKind::ALL;
            let len = random.below(bytes.len() - HEADER_LEN + 1) as u32;
            bytes[..4].copy_from_slice(&len.to_le_bytes());
            bytes[4] = kinds[random.below(kinds.len())] as u8;
        }
        drain_checked(&bytes, &mut random, seed);
    }
}

// R4
#[test]
fn damaged_streams_never_panic() {
    let stream: Vec<u8> = samples().iter().flat_map(encoded).collect();
    for seed in 0..5_000 {
        let mut random = Random(seed);
        let mut bytes = stream.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, random.next() as u8),
            }
        }
        drain_checked(&bytes, &mut random, seed);
    }
}

/// Reads `bytes` in random pieces; every frame that comes out must encode to a frame that decodes to itself.
#[track_caller]
fn drain_checked(bytes: &[u8], random: &mut Random, seed: u64) {
    let mut reader = FrameReader::new(LIMIT);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(1 + random.below(rest.len()));
        rest = later;
        reader.feed(piece);
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => {
                    let again = encoded(&frame);
                    assert_eq!(fed(&again).next_frame(), Ok(Some(frame)), "seed {seed}");
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}
