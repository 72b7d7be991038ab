//! Links between actors: who ends together with whom.
//!
//! A link is one [`Tie`] with two halves, one in the table of each cell; each half is changed under the lock of its own cell alone, and no
//! two of these locks are ever held together. Called by [`Context`](crate::Context) for its own incarnation, and by the end of an
//! incarnation, which tells the other ends. It never ends anybody itself: it asks for a stop, or puts an `Exit` into a queue. So a ring of
//! links comes to rest: every incarnation ends once, and takes its table along when it does.
//!
//! Access rules:
//! 1. The cell of the lower address gets its half first. So two actors that link each other at the same moment find the same tie there.
//! 2. A tie is over for good once one of its sides has ended or was unlinked; that is set under the lock of that side. No half is put in
//!    of a tie that is over, and whoever ended it visits the other cell afterwards: a half is found there, or will never be there.
//! 3. Whoever takes the half out of a table, under its lock, acts on it. So a link is told at most once.
//! 4. A half belongs to one incarnation of its cell: the present one, or the next while there is none or the present one must stop.
//!
//! The idea is OTP's. Here a reference outlives its incarnations, so a link can be made with an actor that waits for its start.

use std::collections::BTreeMap;
use std::task::Waker;

use super::{AnyCell, Cell, Guarded};
use crate::lifecycle::{Lifecycle, Request};
use crate::mailbox::queue::Extra;
use crate::signal::Exit;
use crate::sync::{Arc, AtomicBool, MutexGuard, Ordering};
use crate::{ActorId, ExitReason};

/// What the two halves of a link have in common.
pub(crate) struct Tie {
    /// Ties are told in the order in which they were made.
    number: u64,
    over: AtomicBool,
}

impl Tie {
    fn is_over(&self) -> bool {
        // Ordered by the lock of the cell that looks: see rule 2.
        self.over.load(Ordering::Relaxed)
    }

    fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// One side's half of a link.
struct Half {
    peer: Arc<dyn AnyCell>,
    tie: Arc<Tie>,
    /// The incarnation to which it belongs.
    since: u32,
    /// Its `Exit` is in the queue. It waits here for being handled, or taken back.
    told: bool,
}

/// The address of the peer's cell, and that of the tie.
type Key = (usize, usize);

fn key(peer: usize, tie: &Arc<Tie>) -> Key {
    (peer, Arc::as_ptr(tie).addr())
}

/// The links of a cell.
#[derive(Default)]
pub(super) struct Links {
    halves: BTreeMap<Key, Half>,
    /// Whether the present incarnation hears of exits instead of ending by them.
    traps: bool,
}

impl Links {
    fn keys_of(&self, peer: usize) -> Vec<Key> {
        let all = (peer, 0)..=(peer, usize::MAX);
        self.halves.range(all).map(|(key, _)| *key).collect()
    }

    /// The halves of links with that actor whose end was not told yet. There may be two for a moment: one that is over, and its successor.
    fn untold(&self, peer: usize) -> impl Iterator<Item = &Half> {
        let all = self.halves.range((peer, 0)..=(peer, usize::MAX));
        all.map(|(_, half)| half).filter(|half| !half.told)
    }
}

/// The end of one side of a link, on its way to the other.
pub(crate) struct LinkedEnd {
    /// The cell that ended, as the other side's key.
    pub(crate) peer: usize,
    pub(crate) tie: Arc<Tie>,
    pub(crate) exit: Exit,
}

/// What became of one half.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tied {
    Yes,
    /// That side has ended.
    Ended,
    /// The tie was ended by somebody else in the meantime.
    Over,
}

fn address_of(cell: &dyn AnyCell) -> usize {
    std::ptr::from_ref(cell.header()).addr()
}

/// What those hear who turn to an actor that has ended.
pub(crate) fn absence(cell: &dyn AnyCell) -> ExitReason {
    let mut reason = ExitReason::NoActor;
    cell.look(&mut |life| {
        if life.end() == Some(&ExitReason::NoConnection) {
            reason = ExitReason::NoConnection;
        }
    });
    reason
}

/// The reason with which a linked actor ends. The first cause is passed on as it is, so that it does not grow from actor to actor.
fn linked(reason: &ExitReason) -> ExitReason {
    let cause = match reason {
        ExitReason::Linked { cause } => cause.clone(),
        other => other.to_string(),
    };
    ExitReason::Linked { cause }
}

/// The incarnation to which a link belongs that somebody else makes now.
fn next_since(life: &Lifecycle) -> u32 {
    let is_leaving = life.supervised && life.is_requested(&Request::Stop(ExitReason::Normal));
    if life.is_alive() && !is_leaving {
        life.incarnation
    } else {
        life.incarnation + 1
    }
}

impl<M> Guarded<M> {
    fn links(&mut self) -> &mut Links {
        self.extras().links.get_or_insert_default()
    }

    fn links_if_any(&mut self) -> Option<&mut Links> {
        self.extras.as_mut()?.links.as_deref_mut()
    }

    /// Takes out what ends with this incarnation and those before it; what was told already is only dropped, after the lock.
    pub(super) fn take_links(&mut self, incarnation: u32) -> Broken {
        let Some(links) = self.links_if_any() else {
            return Broken(Vec::new());
        };
        links.traps = false;
        let all = std::mem::take(&mut links.halves);
        let (gone, kept) = all
            .into_iter()
            .partition(|(_, half)| half.since <= incarnation);
        links.halves = kept;
        let gone: BTreeMap<Key, Half> = gone;
        gone.values().for_each(|half| half.tie.end());
        Broken(gone.into_values().collect())
    }
}

/// The halves that an incarnation left behind.
pub(super) struct Broken(Vec<Half>);

impl<M: Send + 'static> Cell<M> {
    /// Links the incarnation of this cell with another actor. Whether that one lives, and the link, are decided in one breath under its
    /// lock.
    pub(crate) fn link(self: &Arc<Self>, incarnation: u32, target: &Arc<dyn AnyCell>) {
        let peer = address_of(&**target);
        if peer == self.address() || self.is_linked(peer) {
            return;
        }
        let me: Arc<dyn AnyCell> = Arc::clone(self) as Arc<dyn AnyCell>;
        loop {
            let number = self.header.system().map_or(0, |system| system.next_id());
            let mut tie = Arc::new(Tie {
                number,
                over: AtomicBool::new(false),
            });
            let mine_first = self.address() < peer;
            let (own, theirs);
            if mine_first {
                own = self.do_tie_up(Some(incarnation), target, &mut tie, true);
                theirs = target.tie_up(&me, &mut tie, false);
            } else {
                theirs = target.tie_up(&me, &mut tie, true);
                own = self.do_tie_up(Some(incarnation), target, &mut tie, false);
            }
            match (own, theirs) {
                (Tied::Yes, Tied::Yes) => return,
                (Tied::Ended, _) => {
                    // This incarnation was given up and links nobody any more.
                    tie.end();
                    return target.untie(self.address(), &tie);
                }
                (Tied::Yes, Tied::Ended) => {
                    tie.end();
                    return self.do_hear_linked(LinkedEnd {
                        peer,
                        tie,
                        exit: Exit {
                            actor: target.header().id(),
                            reason: absence(&**target),
                        },
                    });
                }
                (Tied::Over, _) | (_, Tied::Over) => {}
            }
        }
    }

    fn is_linked(&self, peer: usize) -> bool {
        let mut guarded = self.lock();
        guarded
            .links_if_any()
            .is_some_and(|links| links.untold(peer).next().is_some())
    }

    /// Puts one half in: for the incarnation that links, or, without a number, for the actor that is linked. In the first of the two cells
    /// a link that is there already takes the place of `tie`.
    pub(super) fn do_tie_up(
        &self,
        by: Option<u32>,
        peer: &Arc<dyn AnyCell>,
        tie: &mut Arc<Tie>,
        is_first: bool,
    ) -> Tied {
        let at = address_of(&**peer);
        let mut guarded = self.lock();
        let life = &guarded.life;
        let since = match by {
            Some(incarnation) if life.incarnation == incarnation && life.is_alive() => incarnation,
            None if !life.is_over() => next_since(life),
            _ => return Tied::Ended,
        };
        let links = guarded.links();
        if is_first && let Some(half) = links.untold(at).find(|half| !half.tie.is_over()) {
            *tie = Arc::clone(&half.tie);
            return Tied::Yes;
        }
        if tie.is_over() {
            return Tied::Over;
        }
        links.halves.entry(key(at, tie)).or_insert_with(|| Half {
            peer: Arc::clone(peer),
            tie: Arc::clone(tie),
            since,
            told: false,
        });
        Tied::Yes
    }

    /// Takes a link back, and with it an `Exit` that is queued already.
    pub(crate) fn unlink(&self, target: &Arc<dyn AnyCell>) {
        let peer = address_of(&**target);
        let mut taken = Vec::new();
        let mut guarded = self.lock();
        if let Some(links) = guarded.links_if_any() {
            let keys = links.keys_of(peer);
            taken.extend(keys.iter().filter_map(|key| links.halves.remove(key)));
            taken.iter().for_each(|half| half.tie.end());
        }
        drop(guarded);
        for half in taken {
            if !half.told {
                target.untie(self.address(), &half.tie);
            }
        }
    }

    pub(super) fn do_untie(&self, peer: usize, tie: &Arc<Tie>) {
        let mut guarded = self.lock();
        let removed = guarded
            .links_if_any()
            .and_then(|links| links.halves.remove(&key(peer, tie)));
        drop(guarded);
        drop(removed);
    }

    /// Whether this incarnation hears of exits instead of ending by them.
    pub(crate) fn trap_exits(&self, incarnation: u32, traps: bool) {
        let mut guarded = self.lock();
        if guarded.life.incarnation == incarnation && guarded.life.is_alive() {
            guarded.links().traps = traps;
        }
    }

    /// The other side of a link has ended: this one stops at once, hears of it, or takes no notice.
    pub(super) fn do_hear_linked(&self, end: LinkedEnd) {
        let stop = end
            .exit
            .reason
            .is_failure()
            .then(|| Request::Stop(linked(&end.exit.reason)));
        let at = key(end.peer, &end.tie);
        let mut guarded = self.lock();
        let is_alive = guarded.life.is_alive();
        let incarnation = guarded.life.incarnation;
        let Some(links) = guarded.links_if_any() else {
            return;
        };
        let Some(half) = links.halves.get_mut(&at).filter(|half| !half.told) else {
            return;
        };
        let concerns = is_alive && half.since <= incarnation;
        if concerns && links.traps {
            half.told = true;
            return wake(self.push_exit(guarded, end));
        }
        let removed = links.halves.remove(&at);
        match stop {
            Some(stop) if concerns => self.request_locked(guarded, &stop),
            _ => drop(guarded),
        }
        drop(removed);
    }

    fn push_exit(&self, mut guarded: MutexGuard<'_, Guarded<M>>, end: LinkedEnd) -> Option<Waker> {
        guarded.queue.push_extra(Extra::Exit(end));
        guarded.rouse(&self.header)
    }

    /// Whether an `Exit` that has left the queue is still wanted: its link was not taken back, and was this incarnation's.
    pub(crate) fn end_link(&self, incarnation: u32, end: &LinkedEnd) -> bool {
        let mut guarded = self.lock();
        let is_present = guarded.life.incarnation == incarnation;
        let removed = guarded
            .links_if_any()
            .filter(|_| is_present)
            .and_then(|links| links.halves.remove(&key(end.peer, &end.tie)));
        drop(guarded);
        removed.is_some()
    }

    /// Tells those who were linked with an incarnation that it ended. Not under the lock.
    pub(super) fn tell_linked(&self, broken: Broken, reason: &ExitReason) {
        let mut halves = broken.0;
        halves.retain(|half| !half.told);
        halves.sort_by_key(|half| half.tie.number);
        for half in halves {
            half.peer.hear_linked(LinkedEnd {
                peer: self.address(),
                tie: half.tie,
                exit: Exit {
                    actor: self.id(),
                    reason: reason.clone(),
                },
            });
        }
    }

    fn id(&self) -> ActorId {
        self.header.id()
    }
}

fn wake(waker: Option<Waker>) {
    waker.into_iter().for_each(Waker::wake);
}

#[cfg(test)]
mod tests;
