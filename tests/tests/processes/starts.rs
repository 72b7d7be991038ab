//! Starts that fail, each with an error that says what to do about it. R6 for factories.

use actor_core::StartError;
use actor_core::prelude::*;
use actor_remote::{Factory, Node, Registry, WorkerBuilder};
use tests::soon;
use tests::workers::{BLOCKING_RIG, RIG, Rig, RigArgs, RigMsg, UNKNOWN, registry};

use crate::bench::{Bench, LONG, WORKER, worker};

/// Starts it; the text of its start error.
async fn error_of<M>(worker: WorkerBuilder<M>) -> String
where
    M: serde::Serialize + Send + 'static,
{
    let system = ActorSystem::new("t");
    let (spec, actor) = worker.child().build();
    let sup = Supervisor::builder(Strategy::OneForOne).child(spec);
    let error = soon("an error", sup.start(&system)).await.unwrap_err();
    let StartError::Child {
        reason: ExitReason::StartFailed(text),
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert!(actor.is_closed());
    text
}

#[track_caller]
fn check(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

fn node() -> Node {
    Node::new(registry())
}

// C1, R2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_not_there_is_named() {
    let missing = worker(&node(), "rig", RigArgs::Works).binary("/no/such/worker");

    check(
        &error_of(missing).await,
        &["/no/such/worker", "No such file"],
    );
}

// C1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_program_is_named() {
    let text = worker(&node(), "rig", RigArgs::Works).binary("/etc/passwd");

    check(&error_of(text).await, &["/etc/passwd", "ermission denied"]);
}

// C1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_not_there_is_named() {
    let lost = worker(&node(), "rig", RigArgs::Works).current_dir("/no/such/folder");

    check(&error_of(lost).await, &["/no/such/folder"]);
}

// C1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_no_worker_is_told_with_a_hint() {
    const HINT: &str = "actor_remote::init";
    let with = |program: &str| worker(&node(), "rig", RigArgs::Works).binary(program);

    check(
        &error_of(with("/bin/true")).await,
        &["exited with code 0", HINT],
    );
    check(
        &error_of(with("/bin/false")).await,
        &["exited with code 1", HINT],
    );
    check(
        &error_of(with("/bin/sh").arg("-c").arg("echo hi >&2; exit 4")).await,
        &["code 4", "hi", HINT],
    );
}

// C1: those that stay are given up after the time for a handshake.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_says_nothing_or_something_else_is_given_up() {
    const HINT: &str = "actor_remote::init";
    let with = |program: &str| worker(&node(), "rig", RigArgs::Works).binary(program);
    let rogue = worker(&node(), "rig", RigArgs::Works).arg("rogue");

    let (cat, noise, mute) = tokio::join!(
        error_of(with("/bin/cat")),
        error_of(rogue.arg("NoHello")),
        error_of(with("/bin/sleep").arg("1000")),
    );

    check(&cat, &["no hello", HINT]);
    check(&mute, &["no hello", HINT]);
    check(&noise, &[HINT]);
}

// C9: one that says hello and then nothing is given the time for a start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_never_answers_is_given_up_in_time() {
    let system = ActorSystem::new("t");
    let silent = worker(&node(), "rig", RigArgs::Works)
        .arg("rogue")
        .arg("Silence");
    let pid = silent.pid();
    let child = silent.child().start_timeout(Duration::from_secs(1));
    let sup = Supervisor::builder(Strategy::OneForOne).child(child.build().0);

    let error = soon("an error", sup.start(&system)).await.unwrap_err();

    assert!(
        matches!(
            error,
            StartError::Child {
                reason: ExitReason::StartTimeout,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(pid.current(), None);
}

// C1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_error_of_a_worker_that_fails_to_start_is_the_error_of_its_root() {
    let failing = worker(
        &node(),
        "rig",
        RigArgs::FailsToStart("no luck today".into()),
    );
    assert_eq!(error_of(failing).await, "no luck today");

    let exiting = worker(&node(), "rig", RigArgs::ExitsAtStart(6));
    check(&error_of(exiting).await, &["exited with code 6"]);
}

// R6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_factory_that_the_worker_does_not_have_is_named() {
    let unknown = node().worker("rig", UNKNOWN, RigArgs::Works).unwrap();

    check(
        &error_of(unknown.binary(WORKER)).await,
        &["tests.Unknown/v1"],
    );
}

// R6: the parent learns the names that only one side has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_with_another_registry_is_refused_with_the_names_that_differ() {
    let other = worker(&node(), "rig", RigArgs::Works).arg("other-registry");

    let text = error_of(other).await;

    check(
        &text,
        &[
            "tests.Rig/v1",
            "tests.u64/v1",
            "tests.u64/v2",
            "tests.Door/v1",
        ],
    );
    assert!(
        !text.contains("tests.BlockingRig/v1"),
        "both have it: {text}"
    );
}

// R6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arguments_that_are_not_those_of_the_factory_are_refused() {
    const WRONG: Factory<String, RigMsg> = Factory::new("tests.Rig/v1");
    let wrong = node()
        .worker("rig", WRONG, "far too long for a variant".into())
        .unwrap();

    let text = error_of(wrong.binary(WORKER)).await;

    assert!(!text.is_empty());
    check(&text, &["tests.Rig/v1"]);
}

// R6
#[test]
fn names_that_clash_are_refused_when_the_registry_is_built() {
    let clash = Registry::builder()
        .factory(RIG, Rig::new)
        .factory(RIG, Rig::new)
        .build();

    assert!(clash.unwrap_err().to_string().contains("tests.Rig/v1"));
}

// R2: nothing forks without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_must_not_start_workers_unless_it_is_allowed_to() {
    let bench = Bench::new().await;

    let error = bench
        .rig
        .ask_within(LONG, RigMsg::StartNested)
        .await
        .unwrap();

    check(&error, &["this process is a worker", "nested"]);
    bench.end().await;
}

// C1: a blocking root is started all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_root_of_a_worker_may_have_a_thread_of_its_own() {
    let system = ActorSystem::new("t");
    let node = node();
    let blocking = node.worker("rig", BLOCKING_RIG, RigArgs::Works).unwrap();
    let (spec, rig) = blocking.binary(WORKER).child().build();
    let sup = Supervisor::builder(Strategy::OneForOne)
        .child(spec)
        .start(&system)
        .await
        .unwrap();

    assert_eq!(
        rig.ask_within(LONG, |reply| RigMsg::Echo(4, reply)).await,
        Ok(4)
    );

    sup.stop();
    assert_eq!(soon("the end", sup.wait()).await, ExitReason::Normal);
}

// C1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arguments_that_are_too_large_are_told_at_once() {
    let args = RigArgs::Records("x".repeat(2 * 1024 * 1024));

    let narrow = worker(&node(), "rig", args).max_message(1 << 20);
    let text = error_of(narrow).await;

    check(&text, &["the arguments", "over the limit of 1048576"]);
}

// R7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_arguments_arrive() {
    // The worker repeats them in its error, which is cut.
    let args = RigArgs::FailsToStart("as said ".repeat(300_000));

    let text = error_of(worker(&node(), "rig", args)).await;

    check(&text, &["as said as said"]);
}
