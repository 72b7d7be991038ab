//! Who owns which keys while workers come and go, such that the messages of a key stay in order. Pure: no lock, no worker, no clock.
//!
//! Driven by `keeper`; the table that senders see is made from it. A slot moves only when its old owner has worked off what it had
//! accepted for it; until then the slot is *held*: nobody gets its messages, and senders wait. All other slots go on.
//!
//! | a slot is | until |
//! |---|---|
//! | with its owner | another worker is to own it: held |
//! | held | its owner passed a mark that was set after it was held, or is gone: with the new owner; it is to stay after all: with its owner |
//!
//! Rule: a mark is set only after the table that holds the slots was published, so nothing comes in behind it.

use super::hash::{SLOTS, owners};

/// See the module's header.
pub(super) struct Handover {
    slots: Vec<Slot>,
    /// The number of the last mark.
    mark: u32,
}

#[derive(Clone, Copy)]
struct Slot {
    owner: u32,
    next: u32,
    /// The first mark that comes after the slot was held; 0 while it is with its owner.
    since: u32,
}

/// A mark that is to be set behind all that a worker has accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) worker: u32,
    pub(super) number: u32,
}

impl Handover {
    /// Everything is with its owner.
    pub(super) fn new(workers: &[u32]) -> Self {
        let slots = owners(workers).into_iter().map(|owner| Slot {
            owner,
            next: owner,
            since: 0,
        });
        Handover {
            slots: slots.collect(),
            mark: 0,
        }
    }

    /// These are the workers from now on. Returns the marks that are to be set once the new table is published.
    pub(super) fn handle_workers(&mut self, workers: &[u32]) -> Vec<Mark> {
        self.mark += 1;
        let number = self.mark;
        let mut marks: Vec<Mark> = Vec::new();
        for (slot, next) in self.slots.iter_mut().zip(owners(workers)) {
            slot.next = next;
            if slot.owner == next {
                slot.since = 0;
            } else if slot.since == 0 {
                slot.since = number;
                if !marks.iter().any(|mark| mark.worker == slot.owner) {
                    let worker = slot.owner;
                    marks.push(Mark { worker, number });
                }
            }
        }
        marks.sort_unstable_by_key(|mark| mark.worker);
        marks
    }

    /// A worker has worked off all that came before a mark. Returns whether any slot moved.
    pub(super) fn handle_passed(&mut self, mark: Mark) -> bool {
        self.release(|slot| slot.owner == mark.worker && slot.since <= mark.number)
    }

    /// A worker has ended for good, and nothing of what it had accepted will be handled. It was taken out of the workers before.
    pub(super) fn handle_gone(&mut self, worker: u32) -> bool {
        self.release(|slot| slot.owner == worker)
    }

    fn release(&mut self, is_free: impl Fn(&Slot) -> bool) -> bool {
        let mut has_moved = false;
        for slot in &mut self.slots {
            if slot.since > 0 && is_free(slot) {
                slot.owner = slot.next;
                slot.since = 0;
                has_moved = true;
            }
        }
        has_moved
    }

    /// Who gets the messages of a slot; `None` while it is held.
    pub(super) fn owner(&self, slot: usize) -> Option<u32> {
        let slot = &self.slots[slot];
        (slot.since == 0).then_some(slot.owner)
    }

    /// The owners of all slots, in their order.
    pub(super) fn owners(&self) -> impl Iterator<Item = Option<u32>> + '_ {
        (0..SLOTS).map(|slot| self.owner(slot))
    }
}
