//! What a link knows: which actors it exports, which it has imported, and which replies are on their way.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Waker;

use actor_core::link::Remembered;
use actor_core::wire::{Inlet, ProgressWatcher, ReplySlot};
use actor_core::{AnyActorRef, ExitReason};

use super::Link;
use super::hook::Route;

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An actor of this side that the other side may send to. It counts as a reference until it is released.
pub(super) struct Export {
    pub(super) id: u64,
    pub(super) actor: AnyActorRef,
    inlet: Arc<dyn Inlet>,
    window: u32,
    lane: Mutex<Lane>,
}

#[derive(Default)]
struct Lane {
    /// The numbers, within the mailbox, of what came over this link and has not begun.
    outstanding: VecDeque<u64>,
    /// Begun, but not yet reported to the other side.
    owed: u32,
    /// How many messages came.
    received: u64,
}

/// What became of a message.
pub(super) enum Delivered {
    Accepted,
    /// Not delivered; the other side has been told.
    Refused,
    /// The other side sent more than it had credit for.
    OutOfCredit,
}

impl Export {
    pub(super) fn new(id: u64, actor: AnyActorRef, inlet: Arc<dyn Inlet>, window: u32) -> Self {
        Export {
            id,
            actor,
            inlet,
            window,
            lane: Mutex::default(),
        }
    }

    /// Asks to hear how far the actor is.
    pub(super) fn watch(self: &Arc<Self>, link: &Arc<Link>) {
        let watcher = Arc::new(Progress {
            export: Arc::downgrade(self),
            link: Arc::downgrade(link),
        });
        self.inlet.watch_progress(watcher, (self.window / 2).max(1));
    }

    /// Decodes a message and puts it into the mailbox. The lane stays locked meanwhile, so that the actor's progress is looked at only
    /// when the message has its place in it.
    pub(super) fn deliver(&self, link: &Link, payload: &[u8]) -> Delivered {
        let mut lane = lock(&self.lane);
        if lane.outstanding.len() as u64 + u64::from(lane.owed) >= u64::from(self.window) {
            return Delivered::OutOfCredit;
        }
        lane.received += 1;
        match self.inlet.deliver(payload) {
            Ok(number) => {
                lane.outstanding.push_back(number);
                Delivered::Accepted
            }
            Err(error) => {
                // Before the credit: by that the other side would forget which asks the message carried.
                link.refuse(self.id, lane.received, &error);
                lane.owed += 1;
                self.report(link, &mut lane);
                Delivered::Refused
            }
        }
    }

    fn progress(&self, link: &Link, begun: u64) {
        let mut lane = lock(&self.lane);
        while lane
            .outstanding
            .front()
            .is_some_and(|number| *number <= begun)
        {
            lane.outstanding.pop_front();
            lane.owed += 1;
        }
        self.report(link, &mut lane);
    }

    /// Gives credit back, in portions.
    fn report(&self, link: &Link, lane: &mut Lane) {
        if lane.owed > 0 && (lane.outstanding.is_empty() || lane.owed >= self.window.div_ceil(2)) {
            link.send_credit(self.id, std::mem::take(&mut lane.owed));
        }
    }
}

struct Progress {
    export: Weak<Export>,
    link: Weak<Link>,
}

impl ProgressWatcher for Progress {
    fn begun(&self, count: u64) {
        if let (Some(export), Some(link)) = (self.export.upgrade(), self.link.upgrade()) {
            export.progress(&link, count);
        }
    }
}

/// An actor of the other side.
pub(super) struct Import {
    pub(super) id: u64,
    pub(super) actor: Remembered,
    pub(super) news: Mutex<News>,
}

/// What the reader has for the forwarder of an import.
#[derive(Default)]
pub(super) struct News {
    /// References received and not released.
    pub(super) received: u64,
    /// Credit that came back.
    pub(super) begun: u64,
    /// Begun messages that could not be delivered there.
    pub(super) refused: Vec<u64>,
    pub(super) gone: Option<ExitReason>,
    pub(super) waker: Option<Waker>,
}

impl Import {
    pub(super) fn new(id: u64, actor: Remembered, received: u64) -> Self {
        Import {
            id,
            actor,
            news: Mutex::new(News {
                received,
                ..News::default()
            }),
        }
    }

    /// Tells the forwarder something.
    pub(super) fn tell(&self, tell: impl FnOnce(&mut News)) {
        let waker = {
            let mut news = lock(&self.news);
            tell(&mut news);
            news.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// How often an export was sent to the other side and not released.
pub(super) struct Exported {
    pub(super) export: Arc<Export>,
    pub(super) sent: u64,
    pub(super) on_end: Option<actor_core::MonitorId>,
}

#[derive(Default)]
pub(super) struct Tables {
    pub(super) exports: HashMap<u64, Exported>,
    pub(super) export_by_address: HashMap<usize, u64>,
    pub(super) next_export: u64,
    pub(super) imports: HashMap<u64, Arc<Import>>,
    pub(super) import_by_address: HashMap<usize, u64>,
    pub(super) closed: bool,
}

/// Replies that went to the other side, by number.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) slots: HashMap<u64, Arc<dyn ReplySlot>>,
    pub(super) next: u64,
    pub(super) closed: bool,
}

/// Replies that came from the other side, by number.
pub(super) type Routes = HashMap<u64, Weak<Route>>;
