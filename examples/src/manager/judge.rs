//! Whether the objects hold what the clients did. Pure: it is given both, and names each difference.

use std::collections::BTreeMap;

use super::client::Deeds;
use super::objects::{Entry, Written};

/// What the objects hold at the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// By the counter.
    pub(super) total: u64,
    /// By the list.
    pub(super) items: Vec<Entry>,
    /// By the dictionary.
    pub(super) entries: BTreeMap<u16, Written>,
}

/// Each way in which what was found differs from what was done.
pub(super) fn faults(deeds: &[Deeds], found: &Found) -> Vec<String> {
    let checks = [
        counter_fault(deeds, found),
        list_fault(deeds, found),
        order_fault(found),
        writes_fault(deeds),
        dictionary_fault(deeds, found),
    ];
    checks.into_iter().flatten().collect()
}

fn counter_fault(deeds: &[Deeds], found: &Found) -> Option<String> {
    let added: u64 = deeds.iter().map(|deeds| deeds.added).sum();
    (found.total != added).then(|| format!("the counter holds {}, {added} were added", found.total))
}

/// The same items, each as often as it was appended.
fn list_fault(deeds: &[Deeds], found: &Found) -> Option<String> {
    let mut appended: Vec<Entry> = deeds
        .iter()
        .flat_map(|deeds| deeds.appended.iter().copied())
        .collect();
    let mut items = found.items.clone();
    appended.sort_unstable();
    items.sort_unstable();
    (items != appended).then(|| {
        format!(
            "the list holds {} items, which are not the {} that were appended",
            items.len(),
            appended.len()
        )
    })
}

/// The items of one client stand in the order in which it appended them.
fn order_fault(found: &Found) -> Option<String> {
    let mut latest: BTreeMap<u16, u64> = BTreeMap::new();
    found.items.iter().find_map(|item| {
        let before = latest.insert(item.client, item.operation);
        let is_behind = before.is_some_and(|before| before >= item.operation);
        is_behind.then(|| {
            format!(
                "item {} of client {} is out of order",
                item.operation, item.client
            )
        })
    })
}

/// Each write has a number of its own, and none is missing.
fn writes_fault(deeds: &[Deeds]) -> Option<String> {
    let mut writes: Vec<u64> = written(deeds).map(|(_, written)| written.write).collect();
    writes.sort_unstable();
    let is_complete = writes.iter().copied().eq(1..=writes.len() as u64);
    (!is_complete).then(|| "the writes are not numbered one by one".to_owned())
}

/// Under each key stands what was written there last.
fn dictionary_fault(deeds: &[Deeds], found: &Found) -> Option<String> {
    let mut last: BTreeMap<u16, Written> = BTreeMap::new();
    for (key, written) in written(deeds) {
        let newest = last.entry(key).or_insert(written);
        if written.write > newest.write {
            *newest = written;
        }
    }
    (found.entries != last)
        .then(|| "the dictionary does not hold the last write of each key".to_owned())
}

fn written(deeds: &[Deeds]) -> impl Iterator<Item = (u16, Written)> + '_ {
    deeds.iter().flat_map(|deeds| deeds.written.iter().copied())
}

#[cfg(test)]
mod tests;
