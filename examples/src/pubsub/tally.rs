//! What a reader has heard of the numbers from 0 on. Pure: it is told, and judges.

use actor_core::Delivery;

/// Of one reader.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    heard: u64,
    missed: u64,
    faults: Vec<String>,
}

impl Tally {
    /// The topic delivered this.
    pub(super) fn handle_delivery(&mut self, delivery: &Delivery<u64>) {
        match *delivery {
            Delivery::Missed(count) => self.missed += count,
            Delivery::Item(number) => {
                let due = self.accounted();
                if number != due {
                    self.faults.push(format!("{number} in place of {due}"));
                }
                self.heard += 1;
            }
        }
    }

    /// How many numbers were heard or are known to be missed.
    pub(super) fn accounted(&self) -> u64 {
        self.heard + self.missed
    }

    /// How many numbers were heard.
    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    /// How many numbers were missed.
    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    /// What did not stand in its place.
    pub(super) fn faults(&self) -> &[String] {
        &self.faults
    }
}

#[cfg(test)]
mod tests;
