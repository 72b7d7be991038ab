//! A worker's output, cut into lines, limited, logged and partly kept.
//!
//! The reaper feeds it. It decides by bytes and by the time it is given; the only thing it does is to write log events.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Longest line that is logged or kept, in bytes; the rest of a longer one is dropped.
const LINE_LEN_MAX: usize = 4096;

/// Lines logged per stream and second at most; those above are counted, and the count is logged.
const LINES_PER_SECOND: u32 = 500;

/// Lines and bytes kept for the exit report.
const TAIL_LINES: usize = 64;
const TAIL_BYTES: usize = 16 * 1024;

/// Which of the two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// One output stream of one worker.
pub(super) struct LineLog {
    worker: String,
    pid: i32,
    stream: Stream,
    lines: LineCutter,
    rate: RateLimit,
    tail: Tail,
    /// The program's log subscriber panicked; the reaper must survive it.
    is_muted: bool,
}

impl LineLog {
    pub(super) fn new(worker: &str, pid: i32, stream: Stream) -> Self {
        Self {
            worker: worker.to_owned(),
            pid,
            stream,
            lines: LineCutter::default(),
            rate: RateLimit::default(),
            tail: Tail::default(),
            is_muted: false,
        }
    }

    /// Takes bytes that were read at `now`, counted from any fixed point.
    pub(super) fn take(&mut self, bytes: &[u8], now: Duration) {
        let mut rest = bytes;
        while let Some(line) = self.lines.next_line(&mut rest) {
            self.take_line(line, now);
        }
    }

    /// Takes the end of the stream: what is left is a line too.
    pub(super) fn finish(&mut self, now: Duration) {
        if let Some(line) = self.lines.finish() {
            self.take_line(line, now);
        }
        let suppressed = self.rate.take_suppressed();
        self.log_suppressed(suppressed);
    }

    /// The last lines.
    pub(super) fn into_tail(self) -> String {
        self.tail.into_text()
    }

    fn take_line(&mut self, line: String, now: Duration) {
        match self.rate.admit(now) {
            Admission::Pass { suppressed } => {
                self.log_suppressed(suppressed);
                self.log(&line);
            }
            Admission::Suppress => {}
        }
        if self.stream == Stream::Stderr {
            self.tail.push(line);
        }
    }

    fn log(&mut self, line: &str) {
        let (worker, pid) = (&self.worker, self.pid);
        let logged = || match self.stream {
            Stream::Stdout => {
                tracing::info!(target: "actor_remote::worker", worker, pid, stream = "stdout", "{line}");
            }
            Stream::Stderr => {
                tracing::info!(target: "actor_remote::worker", worker, pid, stream = "stderr", "{line}");
            }
        };
        if !self.is_muted {
            self.is_muted = catch_unwind(AssertUnwindSafe(logged)).is_err();
        }
    }

    fn log_suppressed(&mut self, suppressed: u64) {
        if suppressed == 0 || self.is_muted {
            return;
        }
        let (worker, pid, stream) = (&self.worker, self.pid, self.stream.name());
        let logged = || {
            tracing::warn!(target: "actor_remote::worker", worker, pid, stream, suppressed, "lines not logged");
        };
        self.is_muted = catch_unwind(AssertUnwindSafe(logged)).is_err();
    }
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

/// Cuts bytes into lines of bounded length.
#[derive(Debug, Default)]
pub(super) struct LineCutter {
    line: Vec<u8>,
    /// The line is longer than is kept; its rest is passed over.
    is_cut: bool,
}

impl LineCutter {
    /// Takes the next whole line off the front of `bytes`; `None` when they are used up.
    pub(super) fn next_line(&mut self, bytes: &mut &[u8]) -> Option<String> {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let (part, rest) = match end {
            Some(end) => (&bytes[..end], &bytes[end + 1..]),
            None => (*bytes, &[][..]),
        };
        *bytes = rest;
        let room = LINE_LEN_MAX - self.line.len();
        self.is_cut |= part.len() > room;
        self.line.extend_from_slice(&part[..part.len().min(room)]);
        end.map(|_| self.take_line())
    }

    /// The line without an end, if there is one.
    pub(super) fn finish(&mut self) -> Option<String> {
        (!self.line.is_empty()).then(|| self.take_line())
    }

    fn take_line(&mut self) -> String {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let mut text = String::from_utf8_lossy(line).into_owned();
        if std::mem::take(&mut self.is_cut) {
            text.push('…');
        }
        self.line.clear();
        text
    }
}

/// What to do with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Log it, and before it how many were not logged.
    Pass {
        /// Lines that were not logged since the last that was.
        suppressed: u64,
    },
    /// Do not log it; it is counted.
    Suppress,
}

/// Admits so many lines per second of a clock that it is given.
#[derive(Debug, Default)]
pub(super) struct RateLimit {
    second: u64,
    admitted: u32,
    suppressed: u64,
}

impl RateLimit {
    pub(super) fn admit(&mut self, now: Duration) -> Admission {
        if now.as_secs() != self.second {
            self.second = now.as_secs();
            self.admitted = 0;
        }
        if self.admitted == LINES_PER_SECOND {
            self.suppressed += 1;
            return Admission::Suppress;
        }
        self.admitted += 1;
        Admission::Pass {
            suppressed: self.take_suppressed(),
        }
    }

    pub(super) fn take_suppressed(&mut self) -> u64 {
        std::mem::take(&mut self.suppressed)
    }
}

/// The last lines of a stream.
#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<String>,
    bytes: usize,
}

impl Tail {
    pub(super) fn push(&mut self, line: String) {
        self.bytes += line.len() + 1;
        self.lines.push_back(line);
        while self.lines.len() > TAIL_LINES || self.bytes > TAIL_BYTES {
            let Some(oldest) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= oldest.len() + 1;
        }
    }

    pub(super) fn into_text(self) -> String {
        Vec::from(self.lines).join("\n")
    }
}
