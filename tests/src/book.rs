//! A book of messages, for tests that account for each of very many: a byte per message says everything that ever happened to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use actor_core::{AskError, Reply};

/// What happened to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Entry {
    /// Its send, or its ask, was accepted.
    Accepted = 1,
    /// It was not: it came back, or was withdrawn in time.
    Refused = 2,
    /// Its handler was entered.
    Handled = 4,
    /// It was dropped without having been handled.
    Dropped = 8,
    /// Its ask was told that it has not run.
    NotRun = 16,
    /// Its ask was answered.
    Answered = 32,
}

/// Set when the same thing happened twice.
const TWICE: u8 = 128;

/// See the module.
#[derive(Debug)]
pub struct Book {
    entries: Box<[AtomicU8]>,
    made: AtomicU64,
}

/// What the book says when everything is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Accepted and handled.
    pub handled: u64,
    /// Accepted and dropped; as many dead letters there must be.
    pub dead: u64,
    /// Never accepted.
    pub refused: u64,
}

impl Book {
    /// A book of that many messages.
    #[must_use]
    pub fn new(messages: usize) -> Arc<Self> {
        Arc::new(Book {
            entries: (0..messages).map(|_| AtomicU8::new(0)).collect(),
            made: AtomicU64::new(0),
        })
    }

    /// How many entries were made: as long as it rises, something happens.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Makes an entry.
    pub fn enter(&self, number: u64, entry: Entry) {
        let byte = &self.entries[number as usize];
        if byte.fetch_or(entry as u8, Ordering::Relaxed) & entry as u8 != 0 {
            byte.fetch_or(TWICE, Ordering::Relaxed);
        }
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    /// Enters how an ask ended.
    pub fn enter_ask<T>(&self, number: u64, result: &Result<T, AskError>) {
        match result {
            Ok(_) => {
                self.enter(number, Entry::Accepted);
                self.enter(number, Entry::Answered);
            }
            Err(
                AskError::Closed
                | AskError::Timeout {
                    accepted: false, ..
                },
            ) => {
                self.enter(number, Entry::Refused);
            }
            Err(error) => {
                self.enter(number, Entry::Accepted);
                if !error.may_have_run() {
                    self.enter(number, Entry::NotRun);
                }
            }
        }
    }

    /// Whether the message was handled.
    #[must_use]
    pub fn is_handled(&self, number: u64) -> bool {
        self.entries[number as usize].load(Ordering::Relaxed) & Entry::Handled as u8 != 0
    }

    /// Closes the book.
    ///
    /// # Errors
    ///
    /// The numbers of the messages of which the book says anything but "accepted, then handled or dropped, once" or "refused, and dropped by
    /// whoever had it", with what it says.
    pub fn close(&self) -> Result<Summary, Vec<(u64, u8)>> {
        const HANDLED: u8 = Entry::Accepted as u8 | Entry::Handled as u8;
        const ANSWERED: u8 = HANDLED | Entry::Answered as u8;
        const DEAD: u8 = Entry::Accepted as u8 | Entry::Dropped as u8;
        const NOT_RUN: u8 = DEAD | Entry::NotRun as u8;
        const REFUSED: u8 = Entry::Refused as u8 | Entry::Dropped as u8;

        let mut summary = Summary::default();
        let mut wrong = Vec::new();
        for (number, byte) in (0..).zip(&self.entries) {
            match byte.load(Ordering::Relaxed) {
                HANDLED | ANSWERED => summary.handled += 1,
                DEAD | NOT_RUN => summary.dead += 1,
                REFUSED => summary.refused += 1,
                other => wrong.push((number, other)),
            }
        }
        if wrong.is_empty() {
            Ok(summary)
        } else {
            Err(wrong)
        }
    }
}

/// A message that is in the book.
#[derive(Debug)]
pub struct Parcel {
    /// Its number.
    pub number: u64,
    /// Its answer goes here, if it is asked for.
    pub reply: Option<Reply<u64>>,
    book: Arc<Book>,
    is_handled: bool,
}

impl Parcel {
    /// A message that asks for nothing.
    #[must_use]
    pub fn new(book: &Arc<Book>, number: u64) -> Self {
        Parcel {
            number,
            reply: None,
            book: Arc::clone(book),
            is_handled: false,
        }
    }

    /// A message that asks for an answer.
    #[must_use]
    pub fn asking(book: &Arc<Book>, number: u64, reply: Reply<u64>) -> Self {
        let mut parcel = Parcel::new(book, number);
        parcel.reply = Some(reply);
        parcel
    }

    /// Its handler was entered.
    pub fn handle(&mut self) {
        self.is_handled = true;
        self.book.enter(self.number, Entry::Handled);
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        if !self.is_handled {
            self.book.enter(self.number, Entry::Dropped);
        }
    }
}
