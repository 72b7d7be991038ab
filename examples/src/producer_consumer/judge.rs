//! Whether everything was done when `join` said so. Pure.

use std::collections::BTreeMap;

/// Each item that was not done exactly once, according to the ledger at the moment when `join` completed.
pub(super) fn faults(put: impl IntoIterator<Item = u64>, ledger: &[(u64, usize)]) -> Vec<String> {
    let mut done: BTreeMap<u64, u64> = BTreeMap::new();
    for (item, _) in ledger {
        *done.entry(*item).or_default() += 1;
    }
    let mut faults = Vec::new();
    for item in put {
        match done.remove(&item) {
            Some(1) => {}
            Some(times) => faults.push(format!("item {item} was done {times} times")),
            None => faults.push(format!("item {item} was not done")),
        }
    }
    faults.extend(done.keys().map(|item| format!("item {item} was never put")));
    faults
}

#[cfg(test)]
mod tests;
