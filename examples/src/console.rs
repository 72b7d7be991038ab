//! Where text goes: results to standard output, everything else to standard error, nothing through a live bar.
//!
//! With `--json` standard output belongs to the one JSON object, so the results move to standard error.
//! A closed pipe (`actors | head -1`) is no error: the run goes on and its exit code still tells how it went.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The terminal as topologies see it; clones share one screen.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    // All bars belong to it, so that a line printed meanwhile does not end up inside one. Hidden unless standard error
    // is a terminal.
    bars: MultiProgress,
    json: bool,
}

impl Console {
    /// The console of this process; `json` reserves standard output for the JSON object.
    pub(crate) fn new(json: bool) -> Self {
        Console {
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            json,
        }
    }

    /// Prints one line of the result.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if self.json {
            self.note(text);
        } else {
            self.bars.suspend(|| print_to(io::stdout(), text.as_ref()));
        }
    }

    /// Prints one line that is not part of the result.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        self.bars.suspend(|| print_to(io::stderr(), text.as_ref()));
    }

    /// Prints the JSON object; nothing may follow it on standard output.
    pub(crate) fn json(&self, object: &serde_json::Value) {
        self.bars
            .suspend(|| print_to(io::stdout(), &object.to_string()));
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
        // Keeps the clock moving while one step takes long.
        bar.enable_steady_tick(Duration::from_millis(200));
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

fn print_to(mut out: impl Write, text: &str) {
    // A reader that went away is no reason to stop the work.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
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
