//! What arrived at the end of the pipeline. Pure: it is told, and judges.

use super::gauge::Item;

/// Of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals {
    count: u64,
    faults: Vec<String>,
}

impl Arrivals {
    /// An item came out of the last stage.
    pub(super) fn handle_item(&mut self, item: &Item) {
        if item.number != self.count {
            self.faults
                .push(format!("item {} in place of {}", item.number, self.count));
        }
        if !item.is_inverted() {
            self.faults
                .push(format!("item {} is not as the middle left it", item.number));
        }
        self.count += 1;
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// What was wrong with them.
    pub(super) fn faults(&self) -> &[String] {
        &self.faults
    }
}

#[cfg(test)]
mod tests;
