//! The runner as a program, and what it has written.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

pub(crate) fn actors(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_actors"));
    command
        .args(words)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

pub(crate) fn run(words: &[&str]) -> Output {
    actors(words).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn last_json(output: &Output) -> Value {
    serde_json::from_str(
        stdout(output)
            .lines()
            .last()
            .expect("a line on standard output"),
    )
    .unwrap()
}

/// A fresh folder of one test; it stays for who looks into a failure, and goes with the target folder.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

pub(crate) fn numbers(name: &str, text: &str) -> String {
    let path = scratch(name).join("numbers.txt");
    fs::write(&path, text).unwrap();
    path.into_os_string().into_string().unwrap()
}

/// Bad usage or input: exit code 2, nothing on standard output, and an error that holds all `parts`.
#[track_caller]
pub(crate) fn check_refused(words: &[&str], parts: &[&str]) {
    let output = run(words);

    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{words:?}: {error}");
    assert_eq!(stdout(&output), "", "{words:?}");
    for part in parts {
        assert!(
            error.contains(part),
            "{words:?}: {part:?} is missing in {error}"
        );
    }
}

pub(crate) fn interrupt(child: &Child) {
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

/// Whether a process with this number still exists, in any state.
pub(crate) fn exists(pid: &str) -> bool {
    PathBuf::from("/proc").join(pid).exists()
}
