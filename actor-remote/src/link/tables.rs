//! What a link knows: which actors it exports, which it has imported, and which replies are on their way.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use actor_core::link::Remembered;
use actor_core::wire::{Inlet, Outflow, ProgressWatcher, ReplySlot};
use actor_core::{AnyActorRef, ExitReason, MonitorId};

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
    /// The actor has ended: nothing begins any more, and the other side is told the end instead of credit.
    has_ended: bool,
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

    /// Asks to hear how far the actor is. A mailbox keeps its watchers for ever, so one that this link has set before is used again.
    pub(super) fn watch(self: &Arc<Self>, link: &Arc<Link>) {
        let address = actor_core::link::address(&self.actor);
        let watcher = {
            let mut watched = lock(&link.watched);
            // Only its mailbox holds a watcher, so one that is alive belongs to this very actor and not to one that was here before.
            if let Some(watcher) = watched.get(&address).and_then(Weak::upgrade) {
                *lock(&watcher.export) = Arc::downgrade(self);
                return;
            }
            let watcher = Arc::new(Progress {
                export: Mutex::new(Arc::downgrade(self)),
                link: Arc::downgrade(link),
            });
            if watched.len() >= WATCHED_SWEEP && watched.len() == watched.capacity() {
                watched.retain(|_, watcher| watcher.strong_count() > 0);
            }
            watched.insert(address, Arc::downgrade(&watcher));
            watcher
        };
        self.inlet.watch_progress(watcher, (self.window / 2).max(1));
    }

    /// The other side has let go of what it had, so if it gets the actor anew it begins to count anew.
    pub(super) fn restart_count(&self) {
        lock(&self.lane).received = 0;
    }

    /// The actor has ended for good.
    pub(super) fn end(&self) {
        let mut lane = lock(&self.lane);
        lane.has_ended = true;
        lane.outstanding.clear();
    }

    /// Decodes a message and puts it into the mailbox. The lane stays locked meanwhile, so that the actor's progress is looked at only
    /// when the message has its place in it.
    pub(super) fn deliver(&self, link: &Link, payload: &[u8]) -> Delivered {
        let mut lane = lock(&self.lane);
        let under_way = lane.outstanding.len() as u64 + u64::from(lane.owed);
        if under_way >= u64::from(self.window) && !lane.has_ended {
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
                if !lane.has_ended {
                    lane.owed += 1;
                    self.report(link, &mut lane);
                }
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

/// Watchers remembered before those of ended actors are looked for.
const WATCHED_SWEEP: usize = 64;

/// Hears how far an exported actor is.
pub(super) struct Progress {
    /// The present export; another one after the actor was released and sent again.
    export: Mutex<Weak<Export>>,
    link: Weak<Link>,
}

impl ProgressWatcher for Progress {
    fn begun(&self, count: u64) -> bool {
        let Some(link) = self.link.upgrade() else {
            return false;
        };
        let export = lock(&self.export).upgrade();
        if let Some(export) = export {
            export.progress(&link, count);
        }
        !link.is_closed()
    }
}

/// An actor of the other side.
///
/// Its local half drains when its last reference is gone. If the actor comes again before that is done, it gets a new local half, which
/// the same forwarder carries when the old one is empty: so what was sent keeps its order, and the other side sees one sender.
pub(super) struct Import {
    pub(super) id: u64,
    pub(super) news: Mutex<News>,
}

/// What the reader has for the forwarder of an import.
#[derive(Default)]
pub(super) struct News {
    /// References received and not released.
    pub(super) received: u64,
    /// Credit that came back.
    pub(super) begun: u64,
    /// Whether the forwarder waits for it. If not it is told when it wakes for something else: an answer to an ask comes with credit,
    /// and need not wake two tasks.
    pub(super) wants_credit: bool,
    /// Begun messages that could not be delivered there.
    pub(super) refused: Vec<u64>,
    pub(super) gone: Option<ExitReason>,
    /// The local halves that have not ended, oldest first; never empty while the import is in the tables.
    pub(super) halves: VecDeque<Half>,
    /// What the forwarder has to take over, of the newest of them.
    pub(super) successors: Vec<Box<dyn Outflow>>,
    pub(super) waker: Option<Waker>,
    /// Encoded messages that mention it and have not been given to the writer.
    mentions: usize,
    /// Waits for there to be none.
    unmentioned: Option<Waker>,
}

/// An encoded message mentions an import, and has not been given to the writer. Until then the import is not released: the other side would
/// not know any more what the message means.
pub(super) struct Mention(Arc<Import>);

impl Mention {
    /// Under the lock of the tables, where the import has been found.
    pub(super) fn new(import: &Arc<Import>) -> Self {
        lock(&import.news).mentions += 1;
        Mention(Arc::clone(import))
    }
}

impl Drop for Mention {
    fn drop(&mut self) {
        let waker = {
            let mut news = lock(&self.0.news);
            news.mentions -= 1;
            match news.mentions {
                0 => news.unmentioned.take(),
                _ => None,
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A local half of an import. Remembering it keeps its address from being anybody else's.
#[derive(Clone)]
pub(super) struct Half {
    pub(super) address: usize,
    actor: Remembered,
}

impl Half {
    fn new(actor: &AnyActorRef) -> Self {
        Half {
            address: actor_core::link::address(actor),
            actor: Remembered::new(actor),
        }
    }
}

impl Import {
    pub(super) fn new(id: u64, actor: &AnyActorRef) -> Self {
        Import {
            id,
            news: Mutex::new(News {
                received: 1,
                halves: VecDeque::from([Half::new(actor)]),
                ..News::default()
            }),
        }
    }

    fn newest(&self) -> Option<Half> {
        lock(&self.news).halves.back().cloned()
    }

    /// Another reference came. The actor, unless its local half takes no more messages.
    pub(super) fn recall(&self) -> Option<AnyActorRef> {
        let actor = self.newest()?.actor.recall()?;
        lock(&self.news).received += 1;
        Some(actor)
    }

    /// Another reference came, and this is the new local half.
    pub(super) fn renew(&self, actor: &AnyActorRef, outflow: Box<dyn Outflow>) {
        let half = Half::new(actor);
        self.tell(|news| {
            news.received += 1;
            news.halves.push_back(half);
            news.successors.push(outflow);
        });
    }

    /// Whether all messages that mention it have been given to the writer. Keeps the waker if not.
    pub(super) fn poll_unmentioned(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut news = lock(&self.news);
        if news.is_mentioned() {
            news.unmentioned = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Puts a mark behind all that is queued for it.
    pub(super) fn mark(&self, mark: actor_core::link::Mark) {
        // Not under the lock: where the actor has ended the mark is dropped here.
        if let Some(half) = self.newest() {
            half.actor.mark(mark);
        }
    }

    /// Gives credit to the forwarder, and wakes it if it waits for that or has let much of it lie.
    pub(super) fn tell_credit(&self, n: u64, window: u32) {
        let waker = {
            let mut news = lock(&self.news);
            news.begun += n;
            if news.wants_credit || news.begun >= u64::from(window / 2) {
                news.waker.take()
            } else {
                None
            }
        };
        if let Some(waker) = waker {
            waker.wake();
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

impl News {
    pub(super) fn is_mentioned(&self) -> bool {
        self.mentions > 0
    }
}

/// How often an export was sent to the other side and not released.
pub(super) struct Exported {
    pub(super) export: Arc<Export>,
    pub(super) sent: u64,
    pub(super) end: End,
}

/// Whether the end of an exported actor has come.
pub(super) enum End {
    /// The reference has not left yet, so nobody would know what ended.
    Unwatched,
    /// It will be told. The monitor, once it is set.
    Watched(Option<MonitorId>),
    /// It was told; whoever gets the reference anew must hear it anew.
    Told(ExitReason),
}

impl End {
    pub(super) fn monitor(&self) -> Option<MonitorId> {
        match self {
            End::Watched(monitor) => *monitor,
            _ => None,
        }
    }
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
