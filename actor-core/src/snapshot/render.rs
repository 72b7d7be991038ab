//! A snapshot as text: one line of totals and one line per actor, in columns, children indented below their parents.
//!
//! Numbers and durations are for people, names are quoted, and whatever does not print is escaped: a name may come from anywhere.
//! Beyond [`MAX_INDENT`] levels the depth is a number, since a chain of ten thousand actors is not to be ten thousand columns wide.

use std::fmt::{self, Display, Write as _};
use std::time::Duration;

use super::{ActorSnapshot, ActorState, InHand, Note, Site, Snapshot, Totals, Work};

/// Levels that are shown by indentation.
const MAX_INDENT: usize = 16;
/// Characters of a name or a type that are shown.
const MAX_TEXT: usize = 48;

const COLUMNS: usize = 9;
const HEAD: [&str; COLUMNS] = [
    "ACTOR", "TYPE", "PLACE", "STATE", "RESTARTS", "MAILBOX", "HANDLED", "DROPPED", "IN HAND",
];
/// Numbers stand to the right.
const IS_NUMBER: [bool; COLUMNS] = [false, false, false, false, true, true, true, true, false];

impl Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "system {}: {}", escaped(&self.system), self.totals)?;
        self.write_actors(f)?;
        for note in &self.notes {
            write!(f, "\n{note}")?;
        }
        Ok(())
    }
}

impl Snapshot {
    fn write_actors(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.actors.is_empty() {
            return Ok(());
        }
        // Twice over the actors, so that a million of them are not a million lines of cells in memory.
        let mut widths = HEAD.map(width);
        let mut row = Row::default();
        for actor in &self.actors {
            row.fill(actor);
            for (width_max, cell) in widths.iter_mut().zip(&row.cells) {
                *width_max = (*width_max).max(width(cell));
            }
        }
        write_row(f, &HEAD, &widths)?;
        for actor in &self.actors {
            row.fill(actor);
            write_row(f, &row.cells, &widths)?;
        }
        Ok(())
    }
}

impl Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", escaped(&self.name))?;
        for (place, (name, number)) in self.figures.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma} {} {}", escaped(name), Count(*number))?;
        }
        Ok(())
    }
}

impl Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.actors as u64, "actor"),
            (self.timers as u64, "timer"),
            (self.monitors as u64, "monitor"),
            (self.names as u64, "name"),
            (self.dead_letters, "dead letter"),
        ];
        for (place, (number, what)) in parts.into_iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let plural = if number == 1 { "" } else { "s" };
            write!(f, "{comma}{} {what}{plural}", Count(number))?;
        }
        Ok(())
    }
}

impl Display for ActorSnapshot {
    /// One line, without the columns of a whole snapshot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = Row::default();
        row.fill(self);
        f.write_str(row.cells[0].trim_start())?;
        for (head, cell) in HEAD.iter().zip(&row.cells).skip(1) {
            write!(f, ", {} {cell}", head.to_lowercase())?;
        }
        Ok(())
    }
}

impl Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Site::Task => "task",
            Site::Thread => "thread",
            Site::Process => "process",
            Site::Elsewhere => "elsewhere",
        })
    }
}

impl Display for ActorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ActorState::Waiting => "waiting",
            ActorState::Starting => "starting",
            ActorState::Running => "running",
            ActorState::Draining => "draining",
            ActorState::Stopping => "stopping",
            ActorState::Ended => "ended",
        })
    }
}

/// The cells of one line; kept over lines, so that their buffers are.
#[derive(Default)]
struct Row {
    cells: [String; COLUMNS],
}

impl Row {
    fn fill(&mut self, actor: &ActorSnapshot) {
        self.cells.iter_mut().for_each(String::clear);
        self.write(actor)
            .expect("writing into a string does not fail");
    }

    fn write(&mut self, actor: &ActorSnapshot) -> fmt::Result {
        let [
            id,
            kind,
            site,
            state,
            restarts,
            mailbox,
            handled,
            dropped,
            hand,
        ] = &mut self.cells;
        let indent = actor.depth.min(MAX_INDENT);
        write!(id, "{:1$}", "", 2 * indent)?;
        if actor.depth > MAX_INDENT {
            write!(id, "+{} ", actor.depth - MAX_INDENT)?;
        }
        write!(id, "{}", actor.id)?;
        if let Some(name) = &actor.name {
            write!(id, " \"{}\"", escaped(name))?;
        }
        match &actor.actor_type {
            Some(actor_type) => write_type(kind, actor_type),
            None => kind.push('-'),
        }
        write!(site, "{}", actor.site)?;
        write!(state, "{}", actor.state)?;
        write!(restarts, "{}", Count(u64::from(actor.restarts)))?;
        write!(mailbox, "{}/", Count(actor.mailbox_len as u64))?;
        match actor.mailbox_capacity {
            Some(capacity) => write!(mailbox, "{}", Count(capacity as u64))?,
            None => mailbox.push('∞'),
        }
        write!(handled, "{}", Count(actor.handled))?;
        write!(dropped, "{}", Count(actor.dropped))?;
        match &actor.in_hand {
            Some(in_hand) => write_in_hand(hand, in_hand, &actor.message_type),
            None => {
                hand.push('-');
                Ok(())
            }
        }
    }
}

fn write_in_hand(out: &mut String, in_hand: &InHand, message_type: &str) -> fmt::Result {
    match in_hand.work {
        Work::Starting => out.push_str("start-up"),
        Work::Handling => write_type(out, message_type),
        Work::Stopping => out.push_str("stopped hook"),
    }
    if let Some(at_least) = in_hand.at_least {
        write!(out, " for {}", Humane(at_least))?;
    }
    if in_hand.overdue {
        out.push_str(", overdue");
    }
    Ok(())
}

fn write_row(
    f: &mut fmt::Formatter<'_>,
    cells: &[impl AsRef<str>; COLUMNS],
    widths: &[usize; COLUMNS],
) -> fmt::Result {
    f.write_char('\n')?;
    for (place, cell) in cells.iter().enumerate() {
        let cell = cell.as_ref();
        let pad = widths[place] - width(cell);
        let gap = if place == 0 { "" } else { "  " };
        if IS_NUMBER[place] {
            write!(f, "{gap}{:pad$}{cell}", "")?;
        } else if place + 1 == COLUMNS {
            write!(f, "{gap}{cell}")?;
        } else {
            write!(f, "{gap}{cell}{:pad$}", "")?;
        }
    }
    Ok(())
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

/// Text from anywhere: no control characters, no line breaks, no quotes, no changes of direction, and not too much of it.
fn escaped(text: &str) -> String {
    cut(&text.escape_debug().to_string())
}

fn cut(text: &str) -> String {
    if width(text) <= MAX_TEXT {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(MAX_TEXT - 1).collect();
    short.push('…');
    short
}

/// A type without the modules that it is in: `a::b::Job<c::Order>` is `Job<Order>`.
fn write_type(out: &mut String, name: &str) {
    let mut short = String::new();
    for part in name.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') {
        match part.rfind("::") {
            // What follows a closing bracket, as in `<A as B>::C`, has no module to leave out.
            Some(place) if place > 0 => short.push_str(&part[place + 2..]),
            _ => short.push_str(part),
        }
    }
    out.push_str(&escaped(&short));
}

/// A count: exact below a million, then three digits of it.
struct Count(u64);

impl Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, char); 4] = [
            (1_000_000_000_000_000, 'P'),
            (1_000_000_000_000, 'T'),
            (1_000_000_000, 'G'),
            (1_000_000, 'M'),
        ];
        let Count(number) = *self;
        if let Some((unit, letter)) = UNITS.into_iter().find(|(unit, _)| number >= *unit) {
            // Cut, not rounded, so that it never says more than there is.
            let (whole, hundredths) = (number / unit, number % unit / (unit / 100));
            return match whole {
                0..10 => write!(f, "{whole}.{hundredths:02}{letter}"),
                10..100 => write!(f, "{whole}.{}{letter}", hundredths / 10),
                _ => write!(f, "{whole}{letter}"),
            };
        }
        match number {
            0..1_000 => write!(f, "{number}"),
            _ => write!(f, "{},{:03}", number / 1_000, number % 1_000),
        }
    }
}

/// A duration in its two largest units, cut.
struct Humane(Duration);

impl Display for Humane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0 => write!(f, "{} ms", self.0.subsec_millis()),
            1..60 => write!(f, "{seconds}.{} s", self.0.subsec_millis() / 100),
            60..3_600 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            3_600..86_400 => write!(f, "{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
            _ => write!(f, "{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
        }
    }
}
