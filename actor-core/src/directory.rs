//! What several actors share under one name: the groups of a system, and its topics.
//!
//! A directory holds them weakly. Whoever uses one keeps it: handles, members, watchers, subscribers. So what nobody uses any more is
//! freed by itself, and its name with it. When the directory goes, which is when the system goes, what is still held is told.
//!
//! Access rules:
//! 1. Nothing that was upgraded is dropped under the lock: the last holder's drop comes back to [`Directory::release`].
//! 2. An entry is released by the very thing it points to; a successor under the same name stays.

use std::any::{Any, type_name};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use crate::sync::{Arc, Mutex, Weak, lock};

/// Something that is shared under a name.
pub(crate) trait Shared: Send + Sync {
    /// The system is gone.
    fn end(&self);
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

struct Entry {
    /// What a user calls its type: the messages of a group, the items of a topic.
    type_name: &'static str,
    shared: Weak<dyn Shared>,
}

impl Entry {
    fn points_to(&self, address: usize) -> bool {
        self.shared.as_ptr().cast::<()>().addr() == address
    }
}

/// Shared things by name, in the order of their names.
#[derive(Default)]
pub(crate) struct Directory {
    entries: Mutex<BTreeMap<Arc<str>, Entry>>,
}

impl Directory {
    /// The thing of that name; made now, if there is none. `T` is what its users call its type.
    pub(crate) fn open<T, S: Shared + 'static>(
        &self,
        name: &str,
        make: impl FnOnce(Arc<str>) -> S,
    ) -> Result<Arc<S>, WrongType> {
        let mut entries = lock(&self.entries);
        let found = entries
            .get(name)
            .and_then(|entry| Some((entry.type_name, entry.shared.upgrade()?)));
        let Some((found, shared)) = found else {
            let name: Arc<str> = name.into();
            let made = Arc::new(make(Arc::clone(&name)));
            let shared: Arc<dyn Shared> = Arc::clone(&made) as Arc<dyn Shared>;
            let entry = Entry {
                type_name: type_name::<T>(),
                shared: Arc::downgrade(&shared),
            };
            entries.insert(name, entry);
            return Ok(made);
        };
        drop(entries);
        shared.into_any().downcast().map_err(|_| WrongType {
            name: name.to_owned(),
            wanted: type_name::<T>(),
            found,
        })
    }

    /// Frees a name, unless somebody else holds it by now.
    pub(crate) fn release(&self, name: &str, address: usize) {
        let mut entries = lock(&self.entries);
        if entries
            .get(name)
            .is_some_and(|entry| entry.points_to(address))
        {
            entries.remove(name);
        }
    }

    /// The names in use.
    pub(crate) fn names(&self) -> Vec<String> {
        lock(&self.entries)
            .iter()
            .filter(|(_, entry)| entry.shared.strong_count() > 0)
            .map(|(name, _)| name.to_string())
            .collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let entries = std::mem::take(&mut *lock(&self.entries));
        for entry in entries.values() {
            if let Some(shared) = entry.shared.upgrade() {
                shared.end();
            }
        }
    }
}

/// The group or topic of that name is of another type.
///
/// Nothing was changed. Asking again helps only after everybody has let go of it.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let prices = system.topic::<u32>("prices")?;
/// let error = system.topic::<String>("prices").unwrap_err();
/// assert_eq!((error.name.as_str(), error.wanted, error.found), ("prices", "alloc::string::String", "u32"));
/// assert_eq!(error.to_string(), "\"prices\" is of type u32, not alloc::string::String");
///
/// drop(prices); // Nobody uses it now, so the name is free.
/// system.topic::<String>("prices")?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongType {
    /// The name.
    pub name: String,
    /// The type that was asked for.
    pub wanted: &'static str,
    /// The type it has.
    pub found: &'static str,
}

impl fmt::Display for WrongType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WrongType {
            name,
            wanted,
            found,
        } = self;
        write!(f, "{name:?} is of type {found}, not {wanted}")
    }
}

impl Error for WrongType {}
