//! Who adds a note to the snapshots of a system. Called when one is taken, and never otherwise; outside of the lock.

use super::Note;
use crate::sync::{Arc, SleepingMutex, lock_asleep};

type Annotator = Arc<dyn Fn() -> Option<Note> + Send + Sync>;

/// See the module's header.
#[derive(Default)]
pub(crate) struct Notes {
    annotators: SleepingMutex<Vec<Annotator>>,
}

impl Notes {
    fn update(&self, change: impl FnOnce(&mut Vec<Annotator>)) {
        let mut annotators = lock_asleep(&self.annotators);
        change(&mut annotators);
    }

    pub(crate) fn add(&self, annotator: Annotator) {
        // So that a program that never takes a snapshot keeps no annotator of what is gone.
        drop(self.take());
        self.update(|annotators| annotators.push(annotator));
    }

    /// All notes. Who has none any more is forgotten.
    pub(crate) fn take(&self) -> Vec<Note> {
        let mut annotators = Vec::new();
        self.update(|present| annotators.clone_from(present));
        let mut notes = Vec::new();
        let mut gone = Vec::new();
        for annotator in annotators {
            match annotator() {
                Some(note) => notes.push(note),
                None => gone.push(annotator),
            }
        }
        let is_gone = |one: &Annotator| gone.iter().any(|other| Arc::ptr_eq(one, other));
        self.update(|annotators| annotators.retain(|one| !is_gone(one)));
        notes
    }
}
