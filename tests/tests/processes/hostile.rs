//! R4: what a peer sends that keeps no rule ends its link, and nothing else.

use std::os::unix::net::UnixStream;

use actor_core::prelude::*;
use actor_remote::frame::{self, Frame};
use actor_remote::process::{CommandSpec, Executable, WorkerProcess, spawn};
use actor_remote::session::{Role, handshake};
use tests::rogue::{Crime, hello};
use tests::soon;
use tests::workers::RigMsg;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::{Bench, LONG, WORKER, ask_aside, vanished, worker};

/// An actor that never gets on with its first message.
struct Stuck;

impl Actor for Stuck {
    type Msg = u64;
    async fn handle(&mut self, _: u64, _ctx: &mut Context<Self>) -> ActorResult {
        std::future::pending().await
    }
}

/// Starts a rogue worker next to an honest one and gives it its cue: the first message, which carries an actor of ours.
async fn commit(crime: Crime) -> (Bench, ActorRef<RigMsg>, actor_remote::PidWatch) {
    let bench = Bench::new().await;
    let rogue = worker(&bench.node, "rogue", tests::workers::RigArgs::Works);
    let rogue = rogue.arg("rogue").arg(crime.name());
    let pid = rogue.pid();
    let (spec, rogue) = rogue.child().restart(Restart::Temporary).build();
    bench.sup.start_child(spec).await.unwrap();
    let stuck = bench.system.spawn(Stuck);
    rogue.send(RigMsg::Hold(stuck)).await.unwrap();
    (bench, rogue, pid)
}

/// The node lives on: the honest worker was not disturbed.
async fn check_others(bench: &Bench) {
    assert_eq!(
        bench
            .rig
            .ask_within(LONG, |reply| RigMsg::Echo(8, reply))
            .await,
        Ok(8)
    );
    assert_eq!(bench.sup.which_children().await.unwrap()[0].restarts, 0);
    bench.end().await;
}

async fn ends_its_link(crime: Crime) {
    let (bench, rogue, pid) = commit(crime).await;
    let asked = ask_aside(&rogue, RigMsg::Total);
    let pid = pid.current();

    let reason = soon("the end", rogue.wait()).await;

    assert_eq!(reason, ExitReason::NoConnection, "{crime:?}");
    match asked.await.unwrap() {
        Err(AskError::Disconnected { .. } | AskError::Stopped { .. } | AskError::Closed) => {}
        other => panic!("{other:?}"),
    }
    if let Some(pid) = pid {
        vanished(pid).await;
    }
    check_others(&bench).await;
}

macro_rules! crimes {
    ($($(#[$doc:meta])* $name:ident: $crime:ident,)*) => {
        $($(#[$doc])*
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            ends_its_link(Crime::$crime).await;
        })*
    };
}

crimes! {
    // R4
    garbage_from_a_worker_ends_its_link: Garbage,
    // R4
    a_header_of_an_oversize_frame_ends_its_link: Oversize,
    // R4
    a_body_that_does_not_belong_to_its_kind_ends_its_link: Malformed,
    // R4
    a_message_for_an_actor_that_was_not_exported_ends_its_link: UnknownExport,
    // R4, A4
    a_worker_that_sends_beyond_its_credit_ends_its_link: OverCredit,
    // R4
    an_exit_reason_that_is_none_ends_its_link: BadReason,
    // R3, R4
    a_worker_that_causes_answers_and_never_reads_ends_its_link: DeafFlood,
    // R4
    a_worker_that_asks_its_parent_for_an_actor_ends_its_link: Upstart,
    // R4
    a_worker_that_tells_the_end_of_its_root_in_a_wrong_way_ends_its_link: FalseEnd,
    // R4, R7
    a_worker_that_announces_too_long_a_message_ends_its_link: OversizePieces,
    // R4, R7
    a_worker_that_begins_too_many_large_messages_ends_its_link: TooManyPieces,
    // R4, R7
    a_worker_that_sends_a_piece_of_nothing_ends_its_link: StrayPiece,
    // R4, R7
    a_worker_that_cuts_a_control_frame_into_pieces_ends_its_link: ControlPieces,
}

// R4: as when a process dies while it writes; so the end of the process is what is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_ends_within_a_frame_ends_its_link() {
    let (bench, rogue, _) = commit(Crime::Truncated).await;

    let reason = soon("the end", rogue.wait()).await;

    let ExitReason::Process(exit) = reason else {
        panic!("{reason:?}");
    };
    assert_eq!(exit.code, Some(0));
    check_others(&bench).await;
}

// R4: numbers that are somebody's mistake, or lies that gain nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_about_what_is_not_there_are_passed_over() {
    for crime in [Crime::Lies, Crime::Phantoms] {
        let (bench, rogue, pid) = commit(crime).await;
        // It answers nothing, but its link stands and keeps its bound, whatever credit it pretends to give.
        let mut accepted = 0;
        for _ in 0..3_000 {
            if rogue.try_send(RigMsg::Note(1)).is_ok() {
                accepted += 1;
            }
            tokio::task::yield_now().await;
        }
        assert!(accepted <= 1_024 + 64, "{accepted}");
        let pid = pid.current().expect("it runs");

        bench.sup.terminate_child("rogue").await.unwrap();

        vanished(pid).await;
        check_others(&bench).await;
    }
}

// R3, R4: a peer that does not read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_stops_reading_costs_bounded_memory() {
    let (bench, rogue, pid) = commit(Crime::Deaf).await;
    let pid = pid.current().expect("it runs");
    // More than a socket holds, so that the writer waits too.
    let message = || RigMsg::Take(vec![0; 16_384]);
    let mut accepted = 0;
    let mut refused = 0;
    while refused < 1_000 {
        match rogue.try_send(message()) {
            Ok(()) => accepted += 1,
            Err(_) => refused += 1,
        }
        tokio::task::yield_now().await;
    }

    assert_eq!(
        accepted + 1,
        1_024,
        "the bound of its mailbox, with the cue"
    );
    let asked = rogue
        .ask_within(Duration::from_millis(200), RigMsg::Total)
        .await;
    assert!(matches!(asked, Err(AskError::Timeout { .. })));
    bench.sup.terminate_child("rogue").await.unwrap();
    vanished(pid).await;
    check_others(&bench).await;
}

/// A worker process whose parent is the test itself.
async fn orphan_to_be() -> (WorkerProcess, tokio::net::UnixStream) {
    let spec = CommandSpec::new("victim", Executable::Path(WORKER.into()));
    let mut process = spawn(spec).await.unwrap();
    let (ours, unused) = UnixStream::pair().unwrap();
    drop(ours);
    let stream = std::mem::replace(&mut process.stream, unused);
    stream.set_nonblocking(true).unwrap();
    (process, tokio::net::UnixStream::from_std(stream).unwrap())
}

/// The other direction: a parent that keeps no rule. The worker leaves, and does not crash.
async fn worker_leaves_after(crime: Crime, say_hello: bool) {
    let (process, mut stream) = orphan_to_be().await;
    if say_hello {
        let (mut reader, mut writer) = stream.split();
        handshake(
            &mut reader,
            &mut writer,
            hello(Role::Parent),
            Duration::from_secs(5),
        )
        .await
        .unwrap();
        let mut out = Vec::new();
        let mut args = Vec::new();
        actor_core::wire::encode(&tests::workers::RigArgs::Works, &mut args).unwrap();
        let request = Frame::Spawn {
            request: 1,
            window: 4,
            name: "victim",
            factory: "tests.Rig/v1",
            args: &args,
        };
        frame::encode(&mut out, &request, usize::MAX).unwrap();
        stream.write_all(&out).await.unwrap();
        // Its answer: the root has started.
        stream.read_u8().await.unwrap();
    }

    // Nobody gets on with the first of them, so the others do not begin.
    let mut payload = Vec::new();
    actor_core::wire::encode(&RigMsg::Ponder, &mut payload).unwrap();
    stream.write_all(&crime.bytes(0, &payload)).await.unwrap();
    if crime == Crime::Truncated {
        stream.shutdown().await.unwrap();
    }

    let exit = soon("the end of the worker", process.exit).await;
    assert!(
        exit.code.is_some_and(|code| code > 100),
        "{crime:?}: {exit:?}"
    );
    assert!(
        !exit.stderr.contains("panicked"),
        "{crime:?}: {}",
        exit.stderr
    );
    drop(process.handle);
}

// R4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_leaves_when_its_parent_sends_what_is_no_frame() {
    for crime in [
        Crime::Garbage,
        Crime::Truncated,
        Crime::Oversize,
        Crime::Malformed,
        Crime::UnknownExport,
        Crime::OverCredit,
        Crime::BadReason,
    ] {
        worker_leaves_after(crime, true).await;
    }
}

// R4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_leaves_when_its_parent_does_not_say_hello() {
    worker_leaves_after(Crime::NoHello, false).await;
    worker_leaves_after(Crime::Oversize, false).await;
}
