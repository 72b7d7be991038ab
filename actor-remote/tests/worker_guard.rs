//! Claims about workers and the end of their parents, shown with real processes.
//!
//! The test program starts itself as the worker and as the parent in between: a worker runs the one test [`worker_main`],
//! which does nothing unless a role is set in its environment.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use actor_remote::process::{CommandSpec, Executable, SpawnProcessError, WorkerProcess, spawn};
use actor_remote::worker_guard::{
    EXIT_PARENT_GONE, ParentWatch, die_with_parent, is_worker, take_socket,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

const ROLE: &str = "WORKER_GUARD_TEST_ROLE";

fn worker(role: &str) -> CommandSpec {
    CommandSpec::new(role, Executable::Current)
        .args(["worker_main", "--exact", "--nocapture"])
        .env(ROLE, role)
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(future)
}

fn start(role: &str) -> WorkerProcess {
    block_on(spawn(worker(role))).expect("the test program")
}

fn read_line(stream: &UnixStream) -> String {
    let mut line = String::new();
    BufReader::new(stream)
        .read_line(&mut line)
        .expect("the worker writes a line");
    line.trim().to_owned()
}

fn parse_pid(text: &str) -> Pid {
    Pid::from_raw(text.parse().expect("a number")).expect("a process id")
}

/// The other roles that this program plays.
#[test]
fn worker_main() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    assert!(is_worker());
    let mut socket = take_socket().expect("a worker has a socket");
    match role.as_str() {
        "echo" => {
            assert!(is_worker(), "still, without the socket at its place");
            let mut input = String::new();
            std::io::stdin()
                .read_to_string(&mut input)
                .expect("the null device");
            assert!(input.is_empty());
            let mut line = String::new();
            let reader = socket.try_clone().expect("a descriptor");
            BufReader::new(reader)
                .read_line(&mut line)
                .expect("the parent writes");
            socket.write_all(line.as_bytes()).expect("the parent reads");
        }
        "blocked" => {
            let watch = ParentWatch::new(&socket).expect("a descriptor");
            std::thread::spawn(move || watch.keep(Duration::from_millis(10)));
            report_ready(&mut socket);
            block_for_ever();
        }
        "bound" => {
            assert!(die_with_parent().expect("the system can"));
            report_ready(&mut socket);
            block_for_ever();
        }
        "nested" => {
            let error = block_on(spawn(worker("echo"))).expect_err("a worker of a worker");
            assert!(matches!(error, SpawnProcessError::InsideWorker { .. }));
            let allowed = block_on(spawn(worker("echo").allow_nested())).expect("allowed");
            (&allowed.stream).write_all(b"x\n").expect("it reads");
            assert!(block_on(allowed.exit).is_success());
            report_ready(&mut socket);
        }
        // A parent in between, to be killed: it starts a worker of the role that it is told and reports that worker.
        "parent-of-blocked" | "parent-of-bound" => {
            let role = role.trim_start_matches("parent-of-");
            let worker = block_on(spawn(worker(role).allow_nested())).expect("allowed");
            assert_eq!(read_line(&worker.stream), "ready");
            writeln!(socket, "{}", worker.handle.pid()).expect("the test reads");
            block_for_ever();
        }
        other => panic!("no role {other}"),
    }
}

fn report_ready(socket: &mut UnixStream) {
    socket.write_all(b"ready\n").expect("the parent reads");
}

fn block_for_ever() -> ! {
    loop {
        thread::park();
    }
}

#[test]
fn worker_takes_its_socket_and_leaves_an_empty_standard_input() {
    let worker = start("echo");

    (&worker.stream)
        .write_all(b"hello\n")
        .expect("the worker reads");

    assert_eq!(read_line(&worker.stream), "hello");
    let exit = block_on(worker.exit);
    assert!(exit.is_success(), "{exit}: {}", exit.stderr);
}

// R2
#[test]
fn worker_with_a_stuck_main_thread_leaves_when_the_socket_hangs_up() {
    let worker = start("blocked");
    assert_eq!(read_line(&worker.stream), "ready");

    drop(worker.stream);

    assert_eq!(block_on(worker.exit).code, Some(EXIT_PARENT_GONE));
}

// R2
#[test]
fn workers_end_when_their_parent_is_killed() {
    for role in ["parent-of-blocked", "parent-of-bound"] {
        let parent = start(role);
        let worker = parse_pid(&read_line(&parent.stream));
        let worker = pidfd_open(worker, PidfdFlags::empty()).expect("it lives");

        let killed = parse_pid(&parent.handle.pid().to_string());
        kill_process(killed, Signal::KILL).expect("it lives");

        let mut fds = [PollFd::new(&worker, PollFlags::IN)];
        let limit = Timespec {
            tv_sec: 10,
            tv_nsec: 0,
        };
        assert_eq!(
            poll(&mut fds, Some(&limit)),
            Ok(1),
            "worker of {role} is left behind"
        );
        assert_eq!(block_on(parent.exit).signal, Some(9));
    }
}

// R2
#[test]
fn worker_outlives_the_thread_that_asked_for_it() {
    let asking = thread::spawn(|| {
        let worker = start("bound");
        assert_eq!(read_line(&worker.stream), "ready");
        let own_entry = std::fs::read_link("/proc/thread-self").expect("a process file system");
        (worker, std::path::Path::new("/proc").join(own_entry))
    });
    let (worker, thread_entry) = asking.join().expect("no panic");
    while thread_entry.exists() {
        thread::yield_now();
    }

    // Had that thread started the worker, its end would have killed the worker by now.
    assert!(worker.handle.terminate_group().expect("it lives"));
    assert_eq!(block_on(worker.exit).signal, Some(15));
}

#[test]
fn worker_of_a_worker_must_be_allowed() {
    let worker = start("nested");

    let line = read_line(&worker.stream);
    let exit = block_on(worker.exit);
    assert!(
        line == "ready" && exit.is_success(),
        "{exit}: {}",
        exit.stderr
    );
}
