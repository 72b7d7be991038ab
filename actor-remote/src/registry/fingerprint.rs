//! FNV-1a, 64 bits, over the names of a registry.
//!
//! It tells two builds apart that were meant to be the same; it is no defence against a peer that lies.

use crate::session::PROTOCOL;

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// The fingerprint of these names, each with what it names, in any order.
pub(super) fn of<'a>(names: impl Iterator<Item = (&'static str, &'a str)>) -> u64 {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    let mut hash = fnv1a(OFFSET, &PROTOCOL.max.to_le_bytes());
    for (what, name) in names {
        hash = fnv1a(hash, what.as_bytes());
        // No name holds a zero byte, so two lists of names never hash the same bytes.
        hash = fnv1a(hash, &[0]);
        hash = fnv1a(hash, name.as_bytes());
        hash = fnv1a(hash, &[0]);
    }
    // Zero stands for "not compared" in a hello.
    hash.max(1)
}

/// The hash of one name, as references carry it.
pub(crate) fn hash_name(name: &str) -> u64 {
    fnv1a(OFFSET, name.as_bytes())
}

fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    })
}
