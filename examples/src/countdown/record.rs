//! What the collector has heard of each worker. Pure: it is told, and judges.

/// Of all workers.
#[derive(Clone, Debug)]
pub(super) struct Record {
    from: u32,
    workers: Vec<Heard>,
    faults: Vec<String>,
}

/// Of one worker.
#[derive(Clone, Debug)]
struct Heard {
    /// The number it should tell next; `None` behind 0.
    next: Option<u32>,
    steps: u64,
    exits: u64,
}

impl Record {
    /// Nothing heard yet, of `workers` that count down from `from`.
    pub(super) fn new(workers: usize, from: u32) -> Self {
        let heard = Heard {
            next: Some(from),
            steps: 0,
            exits: 0,
        };
        Record {
            from,
            workers: vec![heard; workers],
            faults: Vec::new(),
        }
    }

    /// Worker `worker` told `number`.
    pub(super) fn handle_step(&mut self, worker: usize, number: u32) {
        let heard = &mut self.workers[worker];
        heard.steps += 1;
        if heard.exits > 0 {
            self.faults.push(format!(
                "worker {} told {number} behind its exit",
                worker + 1
            ));
        } else if heard.next != Some(number) {
            self.faults.push(format!(
                "worker {} told {number} in place of {:?}",
                worker + 1,
                heard.next
            ));
        }
        heard.next = number.checked_sub(1);
    }

    /// Worker `worker` ended; `reason` is none for a normal end.
    pub(super) fn handle_exit(&mut self, worker: usize, failure: Option<String>) {
        let heard = &mut self.workers[worker];
        heard.exits += 1;
        if heard.exits > 1 {
            self.faults
                .push(format!("worker {} ended {} times", worker + 1, heard.exits));
        }
        if let Some(failure) = failure {
            self.faults.push(format!(
                "worker {} ended otherwise than by itself: {failure}",
                worker + 1
            ));
        }
        let due = u64::from(self.from) + 1;
        if heard.steps != due {
            self.faults.push(format!(
                "worker {} ended after {} of {due} numbers",
                worker + 1,
                heard.steps
            ));
        }
    }

    /// How many workers have ended.
    pub(super) fn ended(&self) -> usize {
        self.workers.iter().filter(|heard| heard.exits > 0).count()
    }

    /// Whether all have.
    pub(super) fn is_complete(&self) -> bool {
        self.ended() == self.workers.len()
    }

    /// How many numbers were told, by all together.
    pub(super) fn steps(&self) -> u64 {
        self.workers.iter().map(|heard| heard.steps).sum()
    }

    /// What is not as promised, in the order in which it was heard.
    pub(super) fn faults(&self) -> &[String] {
        &self.faults
    }
}

#[cfg(test)]
mod tests;
