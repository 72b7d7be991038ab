//! Where text goes: results to standard output, everything else to standard error, nothing through a live bar.
//!
//! With `--json` standard output belongs to the one JSON object, so the results move to standard error.
//! A closed pipe (`actors | head -1`) is no error: the run goes on and its exit code still tells how it went. A result that cannot be
//! written otherwise (the disk is full) is one, since somebody will look for it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The terminal as topologies see it; clones share one screen.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    // All bars belong to it, so that a line printed meanwhile does not end up inside one. Hidden unless standard error
    // is a terminal.
    bars: MultiProgress,
    json: bool,
    // Whether it says nothing but the last JSON object.
    is_muted: bool,
    // Whether a part of the result could not be written.
    failed: Arc<AtomicBool>,
}

impl Console {
    /// The console of this process; `json` reserves standard output for the JSON object.
    pub(crate) fn new(json: bool) -> Self {
        Console {
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            json,
            is_muted: false,
            failed: Arc::new(AtomicBool::new(false)),
        }
    }

    /// One for a run of which nobody wants to read, as there are many of them.
    pub(crate) fn muted(&self) -> Self {
        Console {
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
            is_muted: true,
            ..self.clone()
        }
    }

    /// Prints one line of the result.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if self.json {
            self.note(text);
        } else if !self.is_muted {
            self.print(text.as_ref());
        }
    }

    /// Prints one line that is not part of the result.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        if self.is_muted {
            return;
        }
        // There is nowhere left to complain.
        let _ = self
            .bars
            .suspend(|| write_line(io::stderr(), text.as_ref()));
    }

    /// Prints the JSON object; nothing may follow it on standard output.
    pub(crate) fn json(&self, object: &serde_json::Value) {
        self.print(&object.to_string());
    }

    fn print(&self, text: &str) {
        let written = self.bars.suspend(|| write_line(io::stdout(), text));
        if let Err(error) = written
            && is_loss(&error)
            && !self.failed.swap(true, Ordering::Relaxed)
        {
            self.note(format!("error: cannot write to standard output: {error}"));
        }
    }

    /// Whether a part of the result is lost; that was told.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Whether standard output is reserved for JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// A bar over `len` steps, seen on a terminal only; the caller ends it with `finish_and_clear`.
    pub(crate) fn bar(&self, len: u64, label: &'static str) -> ProgressBar {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {elapsed}")
            .expect("the template is well-formed");
        let bar = self
            .bars
            .add(ProgressBar::new(len).with_style(style).with_message(label));
        if !self.is_muted {
            // Keeps the clock moving while one step takes long.
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        bar
    }

    /// A spinner that turns only when its owner calls `tick`, seen on a terminal only.
    pub(crate) fn spinner(&self, label: &'static str) -> ProgressBar {
        self.bars
            .add(ProgressBar::new_spinner().with_message(label))
    }

    /// A writer to standard error for the log, line by line around the bars.
    pub(crate) fn log_writer(&self) -> LogWriter {
        LogWriter {
            bars: self.bars.clone(),
        }
    }
}

fn write_line(mut out: impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "{text}").and_then(|()| out.flush())
}

/// A reader that went away misses nothing.
pub(crate) fn is_loss(error: &io::Error) -> bool {
    error.kind() != io::ErrorKind::BrokenPipe
}

/// Standard error for log lines; a live bar makes room for each.
#[derive(Debug)]
pub(crate) struct LogWriter {
    bars: MultiProgress,
}

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bars.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
