//! Names within one system.

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use crate::cell::AnyCell;
use crate::observe;
use crate::sync::Arc;
use crate::{RegisterError, Taken};

/// Parts of the table with a lock each; a power of two. Fixed, since the map would otherwise ask the system for the number of cores and
/// the limits of its control group: a dozen files' worth of calls while a worker process starts.
const SHARDS: usize = 32;

/// Who holds which name. Racing registrations of one name have one winner.
pub(crate) struct Registry {
    names: DashMap<Arc<str>, Arc<dyn AnyCell>>,
}

impl Default for Registry {
    fn default() -> Self {
        Registry {
            names: DashMap::with_shard_amount(SHARDS),
        }
    }
}

impl Registry {
    /// Gives a name to an actor; the name keeps it alive until its end for good.
    pub(crate) fn register(
        &self,
        name: &str,
        cell: &Arc<dyn AnyCell>,
    ) -> Result<(), RegisterError> {
        let name: Arc<str> = name.into();
        match self.names.entry(Arc::clone(&name)) {
            Entry::Occupied(held) => {
                let holder = held.get().header().id();
                Err(RegisterError::Taken(Taken {
                    name: name.to_string(),
                    holder,
                }))
            }
            Entry::Vacant(free) => {
                // Under the lock of the entry: an actor that ends now releases the name after it was put in.
                match cell.set_name(&name) {
                    Ok(()) => {
                        cell.header().add_ref();
                        free.insert(Arc::clone(cell));
                        observe::named(cell.header(), &name);
                        Ok(())
                    }
                    Err(Some(other)) => Err(RegisterError::AlreadyNamed(other.to_string())),
                    Err(None) => Err(RegisterError::Closed),
                }
            }
        }
    }

    /// How many names are in use.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<dyn AnyCell>> {
        self.names.get(name).map(|held| Arc::clone(&held))
    }

    /// Frees a name, if this cell holds it.
    pub(crate) fn release(&self, name: &str, address: usize) {
        let removed = self.names.remove_if(name, |_, cell| {
            std::ptr::from_ref(cell.header()).addr() == address
        });
        drop(removed);
    }
}
