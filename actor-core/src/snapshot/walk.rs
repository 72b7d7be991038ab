//! The walk over every actor of a system: each before its children, siblings in the order of their start.
//!
//! Used by snapshots and by the watchdog. It keeps its own stack, since trees may be deep, and takes siblings a page at a time, since
//! there may be many: nobody who starts or ends an actor meanwhile waits for longer than a page takes. An actor is met at most once.

use std::borrow::Cow;

use super::{ActorSnapshot, InHand, Site, Snapshot, Totals};
use crate::ActorId;
use crate::cell::AnyCell;
use crate::children::Children;
use crate::kind::Kind;
use crate::sync::Arc;
use crate::system::SystemCore;

/// Siblings looked up under one lock.
const PAGE: usize = 256;

/// An owner whose children are being walked.
struct Level {
    /// None for those at the top.
    owner: Option<Arc<dyn AnyCell>>,
    after: ActorId,
    /// The next siblings, the nearest last.
    page: Vec<(ActorId, Arc<dyn AnyCell>)>,
}

impl Level {
    fn of(owner: Option<Arc<dyn AnyCell>>) -> Self {
        Level {
            owner,
            // No actor in a table has this id.
            after: ActorId::UNBOUND,
            page: Vec::new(),
        }
    }

    fn next(&mut self, top: &Children) -> Option<Arc<dyn AnyCell>> {
        if self.page.is_empty() {
            let children = match &self.owner {
                Some(owner) => owner.header().children_if_any()?,
                None => top,
            };
            self.page = children.page(self.after, PAGE);
            self.page.reverse();
        }
        let (id, cell) = self.page.pop()?;
        self.after = id;
        Some(cell)
    }
}

/// Where a walk stands. It can be left alone and gone on with.
pub(crate) struct Walk {
    levels: Vec<Level>,
    at_foreign: bool,
}

/// One actor that was met.
pub(crate) struct Met {
    pub(crate) cell: Arc<dyn AnyCell>,
    pub(crate) parent: Option<ActorId>,
    pub(crate) depth: usize,
}

impl Walk {
    pub(crate) fn new() -> Self {
        Walk {
            levels: vec![Level::of(None)],
            at_foreign: false,
        }
    }

    /// The next actor; none at the end of the walk.
    pub(crate) fn next(&mut self, system: &SystemCore) -> Option<Met> {
        loop {
            let top = if self.at_foreign {
                &system.foreign
            } else {
                &system.roots
            };
            let depth = self.levels.len().checked_sub(1)?;
            let level = &mut self.levels[depth];
            if let Some(cell) = level.next(top) {
                let parent = level.owner.as_ref().map(|owner| owner.header().id());
                if cell.header().children_if_any().is_some() {
                    self.levels.push(Level::of(Some(Arc::clone(&cell))));
                }
                return Some(Met {
                    cell,
                    parent,
                    depth,
                });
            }
            self.levels.pop();
            if self.levels.is_empty() && !self.at_foreign {
                self.at_foreign = true;
                self.levels.push(Level::of(None));
            }
        }
    }
}

/// Takes a snapshot of a system.
pub(crate) fn take(system: &Arc<SystemCore>) -> Snapshot {
    let mut actors = Vec::with_capacity(system.live());
    let mut walk = Walk::new();
    while let Some(met) = walk.next(system) {
        actors.push(look_at(system, &met));
    }
    Snapshot {
        system: system.name.clone(),
        totals: totals(system),
        actors,
        notes: system.notes.take(),
    }
}

fn totals(system: &SystemCore) -> Totals {
    let deadlines = match system.watchdog.get() {
        Some(watchdog) => watchdog.deadlines_of_others(&system.timekeeper),
        None => system.timekeeper.pending(None),
    };
    Totals {
        actors: system.live(),
        timers: system.timers.count() + deadlines,
        monitors: system.monitors.count(),
        names: system.registry.len(),
        dead_letters: system.dead_letters.count(),
    }
}

fn look_at(system: &SystemCore, met: &Met) -> ActorSnapshot {
    let watchdog = system
        .watchdog
        .get()
        .map(|watchdog| (watchdog, system.timekeeper.now()));
    let seen = met.cell.inspect();
    let id = met.cell.header().id();
    let kind = met.cell.header().binding().map(|binding| binding.kind);
    let site = kind.map_or(Site::Elsewhere, Kind::site);
    let pulse = seen.pulse.filter(|_| site.is_here());
    ActorSnapshot {
        id,
        parent: met.parent,
        depth: met.depth,
        name: seen.name.map(|name| name.to_string()),
        actor_type: kind.and_then(Kind::actor_type).map(Cow::Borrowed),
        message_type: Cow::Borrowed(met.cell.message_type()),
        site,
        state: seen.state,
        incarnation: seen.incarnation,
        restarts: seen.restarts,
        mailbox_len: seen.queued,
        mailbox_capacity: (seen.capacity != usize::MAX).then_some(seen.capacity),
        handled: seen.handled,
        dropped: seen.dropped,
        in_hand: pulse.map(|pulse| {
            let at_least = watchdog.and_then(|(watchdog, now)| watchdog.elapsed(id, pulse, now));
            InHand {
                work: pulse.work,
                at_least,
                overdue: watchdog
                    .zip(at_least)
                    .is_some_and(|((watchdog, _), time)| time >= watchdog.limit()),
            }
        }),
    }
}
