//! What a test has set, by actor, and what the seed has decided so far. Part of a simulation.
//!
//! Access rules:
//! 1. User code runs under none of the locks here: what it is kept in is emptied while it runs.
//! 2. An address stands for one cell only, since its memory is kept for as long as something is set on it.
//! 3. Everything goes when the run ends; what a test's closures hold may hold the simulation.

use std::any::Any;
use std::collections::BTreeMap;
use std::time::Duration;

use super::random::{Chosen, Odds};
use super::stand_in::StandIn;
use super::{Crash, Fault};
use crate::StartChild;
use crate::cell::{AnyCell, Cell};
use crate::kind::Kind;
use crate::sync::{Arc, AtomicU64, AtomicUsize, Mutex, Ordering, Weak, lock};
use crate::testing::Rng;
use crate::testing::scheduler::{Sim, with_sim};

/// What becomes of a message.
pub(crate) enum Decision<M> {
    Deliver,
    Drop,
    Delay(Duration),
    /// Both, the copy last.
    Duplicate(M),
    Replace(M),
    Crash(Crash),
}

/// Looks at a message, and whether somebody sent it.
pub(super) type Hook<M> = Box<dyn FnMut(&M, bool, &Sim) -> Decision<M> + Send>;

/// Something that is set on an actor.
pub(super) struct Slot<M> {
    /// Empty while it runs, and for good once it is removed.
    hook: Mutex<Option<Hook<M>>>,
    changed: AtomicU64,
    /// Keeps the address.
    _cell: Weak<Cell<M>>,
}

/// The untyped face of a [`Slot`].
pub(super) trait AnySlot: Send + Sync {
    /// How many messages it has not just let through.
    fn changed(&self) -> u64;
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<M: Send + 'static> AnySlot for Slot<M> {
    fn changed(&self) -> u64 {
        self.changed.load(Ordering::Relaxed)
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

type Slots = BTreeMap<usize, Vec<Arc<dyn AnySlot>>>;

/// See the module's header.
pub(crate) struct FaultTable {
    /// How many are set in all.
    count: AtomicUsize,
    slots: Mutex<Slots>,
    stand_ins: Mutex<Vec<Arc<StandIn>>>,
    decisions: Mutex<Decisions>,
}

impl FaultTable {
    pub(crate) fn new(seed: u64) -> Self {
        FaultTable {
            count: AtomicUsize::new(0),
            slots: Mutex::default(),
            stand_ins: Mutex::default(),
            decisions: Mutex::new(Decisions {
                rng: Rng::stream(seed, "fault table"),
                replayed: None,
                next: 0,
                made: Vec::new(),
            }),
        }
    }

    /// Whether anything is set on the actor of the cell at this address.
    #[inline]
    pub(crate) fn are_set_on(&self, address: usize) -> bool {
        self.count.load(Ordering::Relaxed) > 0 && lock(&self.slots).contains_key(&address)
    }

    pub(super) fn set<M: Send + 'static>(
        &self,
        cell: &Arc<Cell<M>>,
        hook: Hook<M>,
    ) -> Arc<dyn AnySlot> {
        let slot: Arc<dyn AnySlot> = Arc::new(Slot {
            hook: Mutex::new(Some(hook)),
            changed: AtomicU64::new(0),
            _cell: Arc::downgrade(cell),
        });
        let mut slots = lock(&self.slots);
        let set = slots.entry(cell.address()).or_default();
        set.push(Arc::clone(&slot));
        self.count.fetch_add(1, Ordering::Relaxed);
        slot
    }

    pub(super) fn remove(&self, address: usize, slot: &Arc<dyn AnySlot>) {
        let mut slots = lock(&self.slots);
        let Some(set) = slots.get_mut(&address) else {
            return;
        };
        let Some(place) = set.iter().position(|other| Arc::ptr_eq(other, slot)) else {
            return;
        };
        // Not dropped here: whoever removes it holds it, too.
        let removed = set.remove(place);
        if set.is_empty() {
            slots.remove(&address);
        }
        self.count.fetch_sub(1, Ordering::Relaxed);
        drop(slots);
        drop(removed);
    }

    /// Asks what is set on an actor, in the order in which it was set, until one does not just let the message through.
    fn decide<M: Send + 'static>(
        &self,
        sim: &Sim,
        address: usize,
        message: &M,
        is_sent: bool,
    ) -> Decision<M> {
        let set = lock(&self.slots).get(&address).cloned().unwrap_or_default();
        for any in set {
            let Ok(slot) = any.as_any().downcast::<Slot<M>>() else {
                continue;
            };
            let Some(mut hook) = lock(&slot.hook).take() else {
                continue;
            };
            let decision = hook(message, is_sent, sim);
            *lock(&slot.hook) = Some(hook);
            if !matches!(decision, Decision::Deliver) {
                slot.changed.fetch_add(1, Ordering::Relaxed);
                return decision;
            }
        }
        Decision::Deliver
    }

    pub(super) fn add_stand_in(&self, stand_in: StandIn) {
        lock(&self.stand_ins).push(Arc::new(stand_in));
    }

    /// The newest one that fits this child.
    pub(crate) fn stand_in(
        &self,
        id: &str,
        kind: Kind,
        cell: &Arc<dyn AnyCell>,
    ) -> Option<Arc<dyn StartChild>> {
        let stand_ins = lock(&self.stand_ins).clone();
        let found = stand_ins
            .iter()
            .rev()
            .find(|stand_in| stand_in.which.is_met(id, kind));
        Some((found?.make)(cell))
    }

    /// What the seed, or the recording that is played again, says.
    pub(super) fn choose(&self, odds: &Odds, is_sent: bool) -> Chosen {
        lock(&self.decisions).choose(odds, is_sent)
    }

    /// From here on the decisions are these.
    pub(in crate::testing) fn replay(&self, decisions: &[(u64, Chosen)]) {
        lock(&self.decisions).replayed = Some(decisions.iter().copied().collect());
    }

    /// The decisions so far, but for those that changed nothing.
    pub(in crate::testing) fn decisions(&self) -> Vec<(u64, Chosen)> {
        lock(&self.decisions).made.clone()
    }

    /// Forgets what a test has set.
    pub(crate) fn clear(&self) {
        let slots = std::mem::take(&mut *lock(&self.slots));
        let stand_ins = std::mem::take(&mut *lock(&self.stand_ins));
        self.count.store(0, Ordering::Relaxed);
        for slot in slots.into_values().flatten() {
            crate::panic::discard(slot);
        }
        crate::panic::discard(stand_ins);
    }
}

/// What becomes of a message to the actor of the cell at this address.
pub(crate) fn decide<M: Send + 'static>(address: usize, message: &M, is_sent: bool) -> Decision<M> {
    match with_sim(Arc::clone) {
        Some(sim) => sim.faults.decide(&sim, address, message, is_sent),
        None => Decision::Deliver,
    }
}

/// The faults that the seed decides, one after another.
struct Decisions {
    rng: Rng,
    replayed: Option<BTreeMap<u64, Chosen>>,
    /// The number of the next one.
    next: u64,
    made: Vec<(u64, Chosen)>,
}

impl Decisions {
    fn choose(&mut self, odds: &Odds, is_sent: bool) -> Chosen {
        let number = self.next;
        self.next += 1;
        let chosen = match &self.replayed {
            Some(replayed) => replayed.get(&number).copied().unwrap_or(Chosen::Deliver),
            None => odds.choose(&mut self.rng),
        };
        // A timer is no message that could be lost on its way.
        if chosen == Chosen::Deliver || !(is_sent || chosen == Chosen::Crash) {
            return Chosen::Deliver;
        }
        self.made.push((number, chosen));
        chosen
    }
}

impl Fault {
    /// For the digest.
    pub(crate) fn code(&self) -> u64 {
        match self {
            Fault::Dropped => 1,
            Fault::Delayed { by } => 2 | (by.as_nanos() as u64) << 3,
            Fault::Duplicated => 3,
            Fault::Replaced => 4,
            Fault::Error => 5,
            Fault::Panic => 6,
            Fault::Kill => 7,
        }
    }
}
