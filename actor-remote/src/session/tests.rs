//! Claims about the handshake. The machine is tested without a runtime, its driver over an in-memory stream.

use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::*;
use crate::frame::FrameReader;
use crate::registry::Registry;

fn hello(role: Role) -> Hello {
    Hello::new(role, Uuid::new_v4(), Uuid::new_v4())
}

/// Hands everything that `from` wants to send to `to`.
fn carry(from: &mut Session, to: &mut Session) {
    let mut reader = FrameReader::new(HELLO_LEN_MAX);
    while let Some(bytes) = from.poll_transmit() {
        reader.feed(&bytes);
        while let Some(frame) = reader.next_frame().expect("a session writes frames") {
            to.handle_frame(&frame);
        }
    }
}

/// Lets two sides meet and returns what each of them says first.
fn meet(one: Hello, other: Hello) -> (SessionEvent, SessionEvent) {
    let (mut one, mut other) = (Session::new(one), Session::new(other));
    carry(&mut one, &mut other);
    carry(&mut other, &mut one);
    carry(&mut one, &mut other);
    let events = (one.poll_event(), other.poll_event());
    (events.0.expect("decided"), events.1.expect("decided"))
}

#[track_caller]
fn failed(event: SessionEvent) -> SessionError {
    match event {
        SessionEvent::Failed(error) => error,
        SessionEvent::Established(_) => panic!("established"),
    }
}

#[test]
fn parent_and_worker_agree() {
    let mut parent = hello(Role::Parent);
    parent.max_frame = 8192;
    parent.max_message = 1 << 20;
    let worker = hello(Role::Worker);

    let (at_parent, at_worker) = meet(parent.clone(), worker.clone());

    let expected = |peer: &Hello, send: usize, receive: usize| Established {
        version: PROTOCOL.max,
        peer: peer.clone(),
        send_limit: send,
        receive_limit: receive,
        // The smaller one holds for both.
        message_limit: 1 << 20,
    };
    let at_parent_expected = expected(&worker, 64 * 1024, 8192);
    assert_eq!(
        at_parent,
        SessionEvent::Established(Box::new(at_parent_expected))
    );
    let at_worker_expected = expected(&parent, 8192, 64 * 1024);
    assert_eq!(
        at_worker,
        SessionEvent::Established(Box::new(at_worker_expected))
    );
}

#[test]
fn highest_common_version_is_chosen() {
    let range = |min, max| VersionRange { min, max };
    for (one, other, expected) in [
        (range(1, 1), range(1, 1), Some(1)),
        (range(1, 3), range(2, 5), Some(3)),
        (range(2, 5), range(1, 3), Some(3)),
        (range(1, 2), range(3, 4), None),
        (range(3, 4), range(1, 2), None),
        (range(5, 1), range(1, 5), None),
    ] {
        assert_eq!(one.highest_common(other), expected, "{one:?} {other:?}");
    }
}

#[test]
fn rejection_names_both_version_ranges() {
    let mut newer = hello(Role::Worker);
    newer.versions = VersionRange { min: 7, max: 9 };

    let (at_parent, at_worker) = meet(hello(Role::Parent), newer);

    let expected = SessionError::Version {
        ours: PROTOCOL,
        theirs: VersionRange { min: 7, max: 9 },
    };
    assert_eq!(failed(at_parent), expected);
    let text = failed(at_worker).to_string();
    assert!(
        text.contains("speaks 3") && text.contains("7 to 9"),
        "{text}"
    );
}

#[test]
fn differing_registries_are_named() {
    let one = Registry::builder()
        .factory("a/v1", ())
        .factory("both/v1", ());
    let other = Registry::builder()
        .factory("b/v1", ())
        .factory("both/v1", ());
    let one = hello(Role::Parent).with_registry(&one.build().expect("valid"));
    let other = hello(Role::Worker).with_registry(&other.build().expect("valid"));

    let (at_parent, at_worker) = meet(one.clone(), other.clone());

    let expected = SessionError::Registry {
        ours: one.registry,
        theirs: other.registry,
        only_here: vec!["factory a/v1".into()],
        only_there: vec!["factory b/v1".into()],
    };
    assert_eq!(failed(at_parent), expected);
    match failed(at_worker) {
        SessionError::Rejected(reject) => {
            assert_eq!(reject.cause, RejectCause::Registry);
            assert_eq!(
                (reject.their_registry, reject.our_registry),
                (one.registry, other.registry)
            );
        }
        // Its own judgement may come first.
        SessionError::Registry { only_here, .. } => assert_eq!(only_here, ["factory b/v1"]),
        error => panic!("{error}"),
    }
}

#[test]
fn registry_of_many_names_still_fits() {
    let mut builder = Registry::builder();
    for index in 0..1000 {
        builder = builder.factory(format!("crate.Type{index}/v1"), ());
    }
    let hello = hello(Role::Worker).with_registry(&builder.build().expect("valid"));

    let body = hello.encode();

    assert!(body.len() <= HELLO_LEN_MAX);
    let read = Hello::decode(&body).expect("a hello");
    assert_eq!((read.registry, read.names.len()), (hello.registry, 0));
}

#[test]
fn registry_is_not_compared_where_one_side_does_not_ask() {
    let mut parent = hello(Role::Parent);
    parent.registry = 5;

    let (at_parent, _) = meet(parent, hello(Role::Worker));

    assert!(matches!(at_parent, SessionEvent::Established(_)));
}

#[test]
fn roles_that_do_not_belong_together_are_rejected() {
    for (one, other) in [
        (Role::Worker, Role::Worker),
        (Role::Parent, Role::Parent),
        (Role::Node, Role::Worker),
    ] {
        let (event, _) = meet(hello(one), hello(other));
        let expected = SessionError::Role {
            ours: one,
            theirs: other,
        };
        assert_eq!(failed(event), expected);
    }
}

#[test]
fn process_does_not_connect_to_itself() {
    let one = hello(Role::Node);

    let (event, _) = meet(one.clone(), one);

    assert_eq!(failed(event), SessionError::Itself);
}

#[test]
fn frame_limit_below_the_control_frames_is_rejected() {
    let mut tiny = hello(Role::Worker);
    tiny.max_frame = 10;

    let (event, _) = meet(hello(Role::Parent), tiny);

    assert_eq!(failed(event), SessionError::FrameLimit(10));
}

#[test]
fn message_limit_below_the_control_frames_is_rejected() {
    let mut tiny = hello(Role::Worker);
    tiny.max_message = 10;

    let (event, _) = meet(hello(Role::Parent), tiny);

    assert_eq!(failed(event), SessionError::MessageLimit(10));
}

#[test]
fn trailing_data_of_a_hello_is_ignored() {
    let hello = hello(Role::Worker)
        .with_registry(&Registry::builder().factory("a", ()).build().expect("valid"));
    let mut body = hello.encode();
    body.extend_from_slice(b"a field of a later version");

    assert_eq!(Hello::decode(&body), Ok(hello));
}

// R4
#[test]
fn hello_cut_at_any_byte_is_malformed() {
    let hello = hello(Role::Worker)
        .with_registry(&Registry::builder().factory("a", ()).build().expect("valid"));
    let body = hello.encode();
    for len in 0..body.len() {
        assert!(Hello::decode(&body[..len]).is_err(), "{len}");
    }
}

// R4
#[test]
fn hostile_count_of_names_allocates_nothing() {
    let mut body = hello(Role::Worker).encode();
    body.truncate(65);
    body.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);

    assert_eq!(Hello::decode(&body), Err(HelloError::Malformed));
}

#[test]
fn rejection_survives_the_way_and_fits() {
    let reject = Reject {
        cause: RejectCause::Hello,
        theirs: VersionRange { min: 1, max: 2 },
        ours: VersionRange { min: 3, max: 4 },
        their_registry: 5,
        our_registry: 6,
        text: "why".into(),
    };
    assert_eq!(Reject::decode(&reject.encode()), reject);

    let long = Reject {
        text: "x".repeat(2 * HELLO_LEN_MAX),
        ..reject
    };
    assert_eq!(long.encode().len(), HELLO_LEN_MAX);
}

// R4
#[test]
fn rejection_cut_at_any_byte_is_read_as_far_as_it_goes() {
    let reject = Reject::new(&hello(Role::Parent), &SessionError::Itself).encode();
    for len in 0..reject.len() {
        let _ = Reject::decode(&reject[..len]);
    }
    let hostile = Reject {
        text: "\u{1b}[2J".into(),
        ..Reject::decode(&reject)
    };
    assert!(!hostile.to_string().contains('\u{1b}'));
}

#[test]
fn every_event_in_every_state_leads_where_the_table_says() {
    let peer = hello(Role::Worker).encode();
    type Step = fn(&mut Session, &[u8]);
    let steps: [(&str, Step); 5] = [
        ("hello", |s, body| s.handle_frame(&Frame::Hello { body })),
        ("reject", |s, _| {
            s.handle_frame(&Frame::Reject { body: &[] })
        }),
        ("other", |s, _| s.handle_frame(&Frame::Cancel { reply: 1 })),
        ("eof", |s, _| s.handle_eof()),
        ("deadline", |s, _| s.handle_deadline()),
    ];
    for (first, first_step) in steps {
        for (second, second_step) in steps {
            let mut session = Session::new(hello(Role::Parent));
            first_step(&mut session, &peer);
            let after_first = session.state;
            second_step(&mut session, &peer);

            let case = format!("{first} then {second}");
            let expected_first = if first == "hello" {
                State::Established
            } else {
                State::Failed
            };
            assert_eq!(after_first, expected_first, "{case}");
            let expected = match (after_first, second) {
                (State::Established, "reject") | (State::Failed, _) => State::Failed,
                _ => State::Established,
            };
            assert_eq!(session.state, expected, "{case}");
            let events = std::iter::from_fn(|| session.poll_event()).count();
            let changes = 1 + usize::from(after_first != expected);
            assert_eq!(events, changes, "{case}: each change is told once");
        }
    }
}

#[tokio::test]
async fn handshake_hands_on_what_follows_the_hello() {
    let (here, there) = tokio::io::duplex(2 * HELLO_LEN_MAX);
    let (mut here_reader, mut here_writer) = tokio::io::split(here);
    let (mut there_reader, mut there_writer) = tokio::io::split(there);
    let peer = async {
        let done = handshake(
            &mut there_reader,
            &mut there_writer,
            hello(Role::Worker),
            HANDSHAKE_TIMEOUT,
        )
        .await;
        let mut bytes = Vec::new();
        crate::frame::encode(&mut bytes, &Frame::Cancel { reply: 9 }, 100).expect("small");
        there_writer.write_all(&bytes).await.expect("open");
        done.map(|_| ())
    };

    let own = handshake(
        &mut here_reader,
        &mut here_writer,
        hello(Role::Parent),
        HANDSHAKE_TIMEOUT,
    );
    let (own, peer) = tokio::join!(own, peer);

    peer.expect("the parent fits");
    let (established, mut frames) = own.expect("the worker fits");
    assert_eq!(established.peer.role, Role::Worker);
    while frames.buffered() < 6 {
        use tokio::io::AsyncReadExt;
        here_reader.read_buf(frames.buffer()).await.expect("open");
    }
    assert_eq!(frames.next_frame(), Ok(Some(Frame::Cancel { reply: 9 })));
}

#[tokio::test(start_paused = true)]
async fn silent_peer_fails_the_handshake_at_the_deadline() {
    let (here, _there) = tokio::io::duplex(4096);
    let (mut reader, mut writer) = tokio::io::split(here);

    let error = handshake(
        &mut reader,
        &mut writer,
        hello(Role::Parent),
        HANDSHAKE_TIMEOUT,
    )
    .await;

    let error = error.expect_err("nobody answers");
    assert!(
        matches!(error, HandshakeError::Session(SessionError::Deadline)),
        "{error}"
    );
}

// R4
#[tokio::test]
async fn garbage_instead_of_a_hello_fails_the_handshake() {
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0, 0, 0, 0, 77],
        &[3, 0, 0, 0, 1, 1, 2, 3],
        &[9],
    ] {
        let (here, mut there) = tokio::io::duplex(4096);
        there.write_all(garbage).await.expect("room");
        there.shutdown().await.expect("open");
        let (mut reader, mut writer) = tokio::io::split(here);

        let result = handshake(
            &mut reader,
            &mut writer,
            hello(Role::Parent),
            HANDSHAKE_TIMEOUT,
        )
        .await;

        assert!(result.is_err(), "{garbage:?}");
    }
}

#[tokio::test]
async fn both_sides_of_a_failed_handshake_hear_why() {
    let (here, there) = tokio::io::duplex(4096);
    let (mut here_reader, mut here_writer) = tokio::io::split(here);
    let (mut there_reader, mut there_writer) = tokio::io::split(there);
    let mut small = hello(Role::Worker);
    small.max_frame = 1000;

    let own = handshake(
        &mut here_reader,
        &mut here_writer,
        hello(Role::Parent),
        HANDSHAKE_TIMEOUT,
    );
    let peer = handshake(
        &mut there_reader,
        &mut there_writer,
        small,
        HANDSHAKE_TIMEOUT,
    );
    let (own, peer) = tokio::join!(own, peer);

    let own = own.expect_err("the limit is too small");
    assert!(matches!(
        own,
        HandshakeError::Session(SessionError::FrameLimit(1000))
    ));
    // The worker finds nothing wrong with the parent, so it learns of the rejection as the link's first frame.
    let (_, mut frames) = peer.expect("established from its own view");
    use tokio::io::AsyncReadExt;
    while frames.buffered() == 0 {
        there_reader.read_buf(frames.buffer()).await.expect("open");
    }
    let Ok(Some(Frame::Reject { body })) = frames.next_frame() else {
        panic!("a rejection");
    };
    assert_eq!(Reject::decode(body).cause, RejectCause::Hello);
}

/// A parent that sends a request with its hello, and a worker: what each of them comes to.
async fn meet_with_request(
    parent: Hello,
    worker: Hello,
) -> [Result<(Established, FrameReader), HandshakeError>; 2] {
    let (here, there) = tokio::io::duplex(2 * HELLO_LEN_MAX);
    let (mut here_reader, mut here_writer) = tokio::io::split(here);
    let (mut there_reader, mut there_writer) = tokio::io::split(there);
    let mut request = Vec::new();
    crate::frame::encode(&mut request, &Frame::Cancel { reply: 9 }, 100).expect("small");
    let own = handshake_and_ask(
        &mut here_reader,
        &mut here_writer,
        parent,
        request,
        HANDSHAKE_TIMEOUT,
    );
    let peer = handshake(
        &mut there_reader,
        &mut there_writer,
        worker,
        HANDSHAKE_TIMEOUT,
    );
    let (own, peer) = tokio::join!(own, peer);
    [own, peer]
}

#[tokio::test]
async fn a_request_that_came_with_the_hello_is_there_once_the_hello_was_accepted() {
    let [own, peer] = meet_with_request(hello(Role::Parent), hello(Role::Worker)).await;

    own.expect("the worker fits");
    let (_, mut frames) = peer.expect("the parent fits");
    assert_eq!(frames.next_frame(), Ok(Some(Frame::Cancel { reply: 9 })));
}

// R4
#[tokio::test]
async fn a_worker_of_another_version_refuses_the_hello_and_the_request_with_it() {
    let mut old = hello(Role::Parent);
    old.versions = VersionRange { min: 1, max: 1 };

    for result in meet_with_request(old, hello(Role::Worker)).await {
        let error = result.expect_err("they have no version in common");
        assert!(
            matches!(
                error,
                HandshakeError::Session(SessionError::Version { .. } | SessionError::Rejected(_))
            ),
            "{error}"
        );
    }
}
