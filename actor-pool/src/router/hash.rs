//! Keys: their hash, and which worker owns which part of them. Pure.
//!
//! The hash of a key falls into one of [`SLOTS`] slots, and each slot has an owner: of all workers the one whose number, mixed with that
//! of the slot, is greatest (rendezvous hashing, Thaler and Ravishankar). So a worker that comes takes about 1/n of the slots, from all
//! others alike, and one that goes gives its own to all others; no other slot moves. Owners are computed when workers change, and a
//! message costs one look-up. With eight workers the shares differ by about 4 % (standard deviation).
//!
//! The hash is the same in every process, in every run and on every platform: what `Hash` feeds in is taken as numbers of 64 bits, each
//! mixed into the state by one multiplication (by 0x9e37_79b9_7f4a_7c15, after a rotation by 5, as in FxHash) and the whole finished with
//! that of SplitMix64. Strings and bytes count by eights, little end first, the last ones padded with zeros and followed by their number.
//! It is no defence against people who choose keys to hit one worker.

use std::hash::{Hash, Hasher};

use super::choose::mix;

/// Parts of the space of keys. A power of two.
pub(super) const SLOTS: usize = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 12;
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// The slot of a key.
pub(super) fn slot_of<K: Hash + ?Sized>(key: &K) -> usize {
    let mut hasher = KeyHasher(0);
    key.hash(&mut hasher);
    (hasher.finish() >> (64 - SLOT_BITS)) as usize
}

/// The owner of each slot among workers with these numbers. There is at least one.
pub(super) fn owners(workers: &[u32]) -> Vec<u32> {
    let weight = |slot: usize, worker: u32| mix(mix(slot as u64 + 1) ^ mix(!u64::from(worker)));
    (0..SLOTS)
        .map(|slot| {
            let best = workers
                .iter()
                .copied()
                .max_by_key(|worker| weight(slot, *worker));
            best.expect("there is at least one worker")
        })
        .collect()
}

/// See the module's header.
struct KeyHasher(u64);

impl KeyHasher {
    #[inline]
    fn add(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(FACTOR);
    }
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut eight = [0; 8];
            eight[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(eight));
        }
        self.add(bytes.len() as u64);
    }

    fn write_u8(&mut self, number: u8) {
        self.add(u64::from(number));
    }

    fn write_u16(&mut self, number: u16) {
        self.add(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.add(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.add(number);
    }

    fn write_u128(&mut self, number: u128) {
        self.add(number as u64);
        self.add((number >> 64) as u64);
    }

    fn write_usize(&mut self, number: usize) {
        self.add(number as u64);
    }

    // Those with a sign go by way of these: std casts them to the unsigned one of their size, but for the widest.
    fn write_isize(&mut self, number: isize) {
        self.add(number as i64 as u64);
    }

    fn finish(&self) -> u64 {
        mix(self.0)
    }
}
