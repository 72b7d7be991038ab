//! Claims about worker processes, shown with real ones: a shell is enough of a worker for all of them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, test_kill_process};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

use super::stdio::{Admission, LineCutter, RateLimit, Tail};
use super::*;

fn shell(script: &str) -> CommandSpec {
    CommandSpec::new("shell", Executable::Path("/bin/sh".into())).args(["-c", script])
}

async fn run(script: &str) -> ProcessExit {
    let worker = spawn(shell(script)).await.expect("a shell");
    let exit = worker.exit.await;
    assert!(!is_there(worker.handle.pid()), "reaped before the report");
    exit
}

fn is_there(pid: u32) -> bool {
    fs::exists(format!("/proc/{pid}")).expect("a process file system")
}

fn read_line(worker: &WorkerProcess) -> String {
    let mut line = String::new();
    let stream = worker.stream.try_clone().expect("a descriptor");
    BufReader::new(stream)
        .read_line(&mut line)
        .expect("the worker writes a line");
    line.trim().to_owned()
}

fn read_pid(worker: &WorkerProcess) -> Pid {
    let pid = read_line(worker).parse().expect("a number");
    Pid::from_raw(pid).expect("a process id")
}

/// Waits for the end of a process that is no child of this one.
#[track_caller]
fn assert_ends(pid: Pid) {
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    let mut fds = [PollFd::new(&process, PollFlags::IN)];
    let limit = Timespec {
        tv_sec: 10,
        tv_nsec: 0,
    };
    let ended = poll(&mut fds, Some(&limit)).expect("poll");
    assert_eq!(ended, 1, "{pid:?} is still there");
}

// C11
#[tokio::test]
async fn exit_code_is_reported() {
    let exit = run("exit 3").await;

    assert_eq!((exit.code, exit.signal), (Some(3), None));
    assert_eq!(exit.to_string(), "exit code 3");
    assert!(run("exit 0").await.is_success());
}

// C11
#[tokio::test]
async fn signal_is_reported() {
    let exit = run("kill -9 $$").await;

    assert_eq!((exit.code, exit.signal), (None, Some(9)));
    assert_eq!(exit.to_string(), "signal 9");
}

// R2
#[tokio::test]
async fn report_holds_the_last_lines_of_standard_error() {
    let exit = run("for i in $(seq 1 100); do echo line $i >&2; done; echo not this; exit 1").await;

    let expected: Vec<String> = (37..=100).map(|i| format!("line {i}")).collect();
    assert_eq!(exit.stderr, expected.join("\n"));
}

#[tokio::test]
async fn last_line_without_an_end_is_kept() {
    let exit = run("printf 'first\nno end' >&2; kill -9 $$").await;

    assert_eq!(exit.stderr, "first\nno end");
}

// R2
#[tokio::test]
async fn everything_written_before_the_end_is_in_the_report() {
    for _ in 0..20 {
        let exit = run("yes full line | head -n 3000 >&2; echo very last >&2; kill -9 $$").await;
        assert!(
            exit.stderr.ends_with("full line\nvery last"),
            "{:?}",
            exit.stderr
        );
    }
}

#[tokio::test]
async fn missing_executable_is_named() {
    let spec = CommandSpec::new("none", Executable::Path("/nowhere/worker".into()));

    let error = spawn(spec).await.expect_err("there is no such file");

    assert!(
        matches!(&error, SpawnProcessError::Executable { source, .. }
        if source.kind() == std::io::ErrorKind::NotFound)
    );
    assert!(error.to_string().contains("/nowhere/worker"), "{error}");
}

#[tokio::test]
async fn file_that_is_no_program_is_named() {
    let path = std::env::temp_dir().join(format!("actor-remote-no-program-{}", std::process::id()));
    fs::write(&path, "text").expect("a temporary file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the file is ours");

    let error = spawn(CommandSpec::new("text", Executable::Path(path.clone()))).await;

    fs::remove_file(&path).expect("the file is ours");
    let error = error.expect_err("it may not be executed");
    assert!(
        error.to_string().contains(&path.display().to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn missing_working_directory_is_not_taken_for_a_missing_program() {
    let error = spawn(shell("exit 0").current_dir("/nowhere")).await;

    assert!(
        matches!(error, Err(SpawnProcessError::Directory { path, .. }) if path.ends_with("nowhere"))
    );
}

#[tokio::test]
async fn standard_input_is_the_socket() {
    let worker = spawn(shell("read line; echo got $line >&0"))
        .await
        .expect("a shell");

    (&worker.stream)
        .write_all(b"this\n")
        .expect("the worker reads");

    assert_eq!(read_line(&worker), "got this");
    assert!(worker.exit.await.is_success());
}

#[tokio::test]
async fn our_end_sees_the_workers_end() {
    let worker = spawn(shell("exit 0")).await.expect("a shell");
    worker.exit.await;

    // Nothing here holds the worker's end open.
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut &worker.stream, &mut rest).expect("the end of the stream");
    assert!(rest.is_empty());
}

#[tokio::test]
async fn environment_is_inherited_extended_or_cleared() {
    let script = "echo \"${HOME:+home} $EXTRA ${ACTOR_REMOTE_WORKER}\" >&0";
    let marker = std::process::id();

    let cleared = spawn(shell(script).env_clear().env("EXTRA", "1"))
        .await
        .expect("a shell");
    let inherited = spawn(shell(script).env("HOME", "x"))
        .await
        .expect("a shell");

    assert_eq!(read_line(&cleared), format!("1 {marker}"));
    assert_eq!(read_line(&inherited), format!("home  {marker}"));
}

#[tokio::test]
async fn marker_cannot_be_taken_away() {
    let spec = shell("echo $ACTOR_REMOTE_WORKER >&0").env("ACTOR_REMOTE_WORKER", "");

    let worker = spawn(spec).await.expect("a shell");

    assert_eq!(read_line(&worker), std::process::id().to_string());
}

// R2
#[tokio::test]
async fn group_kill_takes_what_the_worker_started() {
    let worker = spawn(shell("sleep 600 & echo $! >&0; wait"))
        .await
        .expect("a shell");
    let grandchild = read_pid(&worker);

    assert!(worker.handle.kill_group().expect("ours"));

    assert_eq!(worker.exit.await.signal, Some(9));
    assert_ends(grandchild);
}

// R2
#[tokio::test]
async fn leftovers_of_the_group_end_with_the_worker() {
    let worker = spawn(shell("sleep 600 & echo $! >&0; read go; exit 0"))
        .await
        .expect("a shell");
    let grandchild = read_pid(&worker);

    (&worker.stream)
        .write_all(b"go\n")
        .expect("the worker reads");

    assert!(worker.exit.await.is_success());
    assert_ends(grandchild);
}

#[tokio::test]
async fn process_that_left_the_group_does_not_hold_the_report_up() {
    let script = "exec 3<&0; setsid sh -c 'echo $$ >&3; exec 3>&-; exec sleep 600' & \
                  read go; echo end >&2; exit 3";
    let worker = spawn(shell(script)).await.expect("a shell");
    let grandchild = read_pid(&worker);

    (&worker.stream)
        .write_all(b"go\n")
        .expect("the worker reads");
    let exit = worker.exit.await;

    assert_eq!((exit.code, exit.stderr.as_str()), (Some(3), "end"));
    test_kill_process(grandchild).expect("it is none of ours any more, and lives");
    kill_process(grandchild, Signal::KILL).expect("it is there");
}

// E10
#[tokio::test]
async fn termination_can_be_handled_by_the_worker() {
    let worker = spawn(shell(
        "trap 'exit 7' TERM; echo ready >&0; while :; do sleep 0.01; done",
    ));
    let worker = worker.await.expect("a shell");
    assert_eq!(read_line(&worker), "ready");

    assert!(worker.handle.terminate_group().expect("ours"));

    assert_eq!(worker.exit.await.code, Some(7));
}

// R3, E10
#[tokio::test]
async fn stopped_worker_can_be_killed() {
    let worker = spawn(shell("echo ready >&0; kill -STOP $$; exit 0"))
        .await
        .expect("a shell");
    assert_eq!(read_line(&worker), "ready");

    assert!(worker.handle.signaller().kill_group().expect("ours"));

    assert_eq!(worker.exit.await.signal, Some(9));
}

#[tokio::test]
async fn nothing_is_signalled_once_the_worker_was_reaped() {
    let worker = spawn(shell("exit 0")).await.expect("a shell");
    worker.exit.await;

    assert!(!worker.handle.kill_group().expect("no error"));
    assert!(
        !worker
            .handle
            .signaller()
            .terminate_group()
            .expect("no error")
    );
}

#[tokio::test]
async fn dropped_handle_kills_the_worker() {
    let worker = spawn(shell("exec sleep 600")).await.expect("a shell");

    drop(worker.handle);

    assert_eq!(worker.exit.await.signal, Some(9));
}

#[test]
fn worker_is_reaped_without_its_runtime() {
    let start = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
    };
    let runtime = start();
    let worker = runtime
        .block_on(spawn(shell("read go; echo done >&2; exit 4")))
        .expect("a shell");
    drop(runtime);

    (&worker.stream)
        .write_all(b"go\n")
        .expect("the worker reads");

    let exit = start().block_on(worker.exit);
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(4), "done"));
    assert!(!is_there(worker.handle.pid()));
}

#[tokio::test]
async fn many_workers_end_each_with_its_own_report() {
    let mut workers = Vec::new();
    for code in 0..40 {
        let worker = spawn(shell(&format!("echo {code} >&2; exit {code}")));
        workers.push(worker.await.expect("a shell"));
    }

    for (code, worker) in (0..).zip(workers) {
        let exit = worker.exit.await;
        assert_eq!((exit.code, exit.stderr), (Some(code), code.to_string()));
    }
}

#[tokio::test]
async fn output_becomes_log_events() {
    let events = Events::default();
    let logged = events.0.clone();
    let guard = tracing::subscriber::set_default(events);

    let worker = spawn(shell("echo out; echo err >&2"))
        .await
        .expect("a shell");
    let pid = worker.handle.pid();
    worker.exit.await;
    drop(guard);

    let mut logged = logged.lock().expect("no panic").clone();
    logged.sort();
    let line = |stream: &str, text: &str| {
        format!(
            "actor_remote::worker message={text} pid={pid} stream=\"{stream}\" worker=\"shell\""
        )
    };
    assert_eq!(logged, [line("stderr", "err"), line("stdout", "out")]);
}

#[tokio::test]
async fn log_subscriber_that_panics_harms_no_worker() {
    struct Panics;
    impl Subscriber for Panics {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "actor_remote::worker"
        }
        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn event(&self, _: &Event<'_>) {
            panic!("in the subscriber, on purpose");
        }
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }
    let guard = tracing::subscriber::set_default(Panics);

    let exit = run("echo a >&2; echo b >&2; exit 6").await;

    drop(guard);
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(6), "a\nb"));
}

#[test]
fn lines_are_cut_whatever_the_pieces() {
    let text = b"one\r\n\ntwo\nthr\xffee";
    for piece in 1..=text.len() {
        let mut cutter = LineCutter::default();
        let mut lines = Vec::new();
        for mut bytes in text.chunks(piece) {
            lines.extend(std::iter::from_fn(|| cutter.next_line(&mut bytes)));
        }
        lines.extend(cutter.finish());

        assert_eq!(
            lines,
            ["one", "", "two", "thr\u{fffd}ee"],
            "pieces of {piece}"
        );
    }
}

#[test]
fn long_line_is_cut_and_the_next_one_is_whole() {
    let mut cutter = LineCutter::default();
    let text = "x".repeat(100_000) + "\nnext\n";
    let mut bytes = text.as_bytes();

    let long = cutter.next_line(&mut bytes).expect("a line");
    let next = cutter.next_line(&mut bytes).expect("a line");

    assert_eq!(long, "x".repeat(4096) + "…");
    assert_eq!(next, "next");
    assert_eq!(cutter.finish(), None);
}

#[test]
fn tail_is_bounded_in_lines_and_bytes() {
    let mut many = Tail::default();
    let mut large = Tail::default();
    for index in 0..1000 {
        many.push(index.to_string());
        large.push("x".repeat(4096));
    }

    let many = many.into_text();
    assert_eq!(
        (many.lines().next(), many.lines().count()),
        (Some("936"), 64)
    );
    assert!(large.into_text().len() <= 16 * 1024);
}

#[test]
fn lines_over_the_rate_are_counted() {
    let mut rate = RateLimit::default();
    let second = std::time::Duration::from_secs;
    for _ in 0..500 {
        assert_eq!(rate.admit(second(1)), Admission::Pass { suppressed: 0 });
    }

    assert_eq!(rate.admit(second(1)), Admission::Suppress);
    assert_eq!(rate.admit(second(1)), Admission::Suppress);
    assert_eq!(rate.admit(second(2)), Admission::Pass { suppressed: 2 });
    assert_eq!(rate.admit(second(2)), Admission::Pass { suppressed: 0 });
}

/// Keeps the events of the workers as text.
#[derive(Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "actor_remote::worker"
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(Vec::new());
        event.record(&mut fields);
        fields.0.sort();
        let text = format!("{} {}", event.metadata().target(), fields.0.join(" "));
        self.0.lock().expect("no panic").push(text);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Fields(Vec<String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push(format!("{field}={value:?}"));
    }
}
