//! The registry: which actors a peer may start here, and under which names message types travel.
//!
//! A program builds one and gives it to both sides of a link: explicitly, name by name, since a name is a promise to
//! every peer, while Rust's own type names and type ids change between compilations. It is generic over the factory, so it
//! knows nothing of actors. It never changes once built and holds no global state.

mod fingerprint;

pub(crate) use fingerprint::hash_name;

#[cfg(test)]
mod tests;

use std::any::{TypeId, type_name};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use thiserror::Error;

/// The longest name, in bytes.
pub const NAME_LEN_MAX: usize = 128;

/// Why a registry was not built. All names at fault are listed, so that one attempt shows them all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Names registered more than once.
    #[error("registered more than once: {}", .0.join(", "))]
    DuplicateNames(Vec<String>),
    /// Message types registered under two names; the name under which they travel would be arbitrary.
    #[error("message types registered under two names: {}", .0.join(", "))]
    DuplicateTypes(Vec<String>),
    /// Different message names whose hashes, as references carry them, are equal; rename one of them.
    #[error("names with the same hash: {}", .0.join(", "))]
    CollidingNames(Vec<String>),
    /// Names that are empty, longer than [`NAME_LEN_MAX`] or hold white space or control characters.
    #[error("names that are empty, too long or not printable: {}", .0.join(", "))]
    InvalidNames(Vec<String>),
}

/// Collects the names and factories of a [`Registry`].
pub struct RegistryBuilder<F> {
    factories: Vec<(String, F)>,
    messages: Vec<MessageEntry>,
}

struct MessageEntry {
    name: String,
    id: TypeId,
    type_name: &'static str,
}

impl<F> RegistryBuilder<F> {
    /// Registers a factory under a stable name, by convention `crate.Type/v1`.
    ///
    /// Change the version when the arguments or the messages of the actor change their encoding.
    pub fn factory(mut self, name: impl Into<String>, factory: F) -> Self {
        self.factories.push((name.into(), factory));
        self
    }

    /// Registers a message type under a stable name, by convention `crate.Type/v1`.
    ///
    /// The encoding is positional: a type whose fields or variants change needs a new name.
    pub fn message<M: 'static>(mut self, name: impl Into<String>) -> Self {
        self.messages.push(MessageEntry {
            name: name.into(),
            id: TypeId::of::<M>(),
            type_name: type_name::<M>(),
        });
        self
    }

    /// Checks the names and makes the registry.
    ///
    /// # Errors
    /// [`RegistryError`] with every name at fault. Nothing is kept; correct the registrations.
    pub fn build(self) -> Result<Registry<F>, RegistryError> {
        self.check_names()?;
        let factory_names = self
            .factories
            .iter()
            .map(|(name, _)| ("factory", name.as_str()));
        let message_names = self
            .messages
            .iter()
            .map(|entry| ("message", entry.name.as_str()));
        let fingerprint = fingerprint::of(factory_names.chain(message_names));
        let mut message_names = HashMap::new();
        let mut messages = BTreeMap::new();
        for entry in self.messages {
            message_names.insert(entry.id, entry.name.clone());
            messages.insert(entry.name, entry.id);
        }
        Ok(Registry {
            factories: self.factories.into_iter().collect(),
            messages,
            message_names,
            fingerprint,
        })
    }

    fn check_names(&self) -> Result<(), RegistryError> {
        let factories = || self.factories.iter().map(|(name, _)| name.as_str());
        let messages = || self.messages.iter().map(|entry| entry.name.as_str());

        let invalid = factories().chain(messages()).filter(|name| !is_valid(name));
        let invalid: Vec<String> = invalid.map(|name| format!("{name:?}")).collect();
        if !invalid.is_empty() {
            return Err(RegistryError::InvalidNames(invalid));
        }
        let mut names = repeated(factories());
        names.extend(repeated(messages()));
        if !names.is_empty() {
            return Err(RegistryError::DuplicateNames(names));
        }
        let mut seen = BTreeSet::new();
        let types = self.messages.iter().filter(|entry| !seen.insert(entry.id));
        let types: Vec<String> = types.map(|entry| entry.type_name.to_owned()).collect();
        if !types.is_empty() {
            return Err(RegistryError::DuplicateTypes(types));
        }
        let mut hashes = BTreeSet::new();
        let colliding = messages().filter(|name| !hashes.insert(hash_name(name)));
        let colliding: Vec<String> = colliding.map(str::to_owned).collect();
        if !colliding.is_empty() {
            return Err(RegistryError::CollidingNames(colliding));
        }
        Ok(())
    }
}

impl<F> Default for RegistryBuilder<F> {
    fn default() -> Self {
        Self {
            factories: Vec::new(),
            messages: Vec::new(),
        }
    }
}

impl<F> fmt::Debug for RegistryBuilder<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let factories = self.factories.iter().map(|(name, _)| name);
        let messages = self.messages.iter().map(|entry| &entry.name);
        f.debug_struct("RegistryBuilder")
            .field("factories", &factories.collect::<Vec<_>>())
            .field("messages", &messages.collect::<Vec<_>>())
            .finish()
    }
}

/// Factories and message types by their stable names.
///
/// ```
/// use actor_remote::registry::Registry;
///
/// struct Add(u64);
///
/// let registry = Registry::builder()
///     .factory("demo.Counter/v1", || "a counter")
///     .message::<Add>("demo.Add/v1")
///     .build()?;
///
/// assert!(registry.factory("demo.Counter/v1").is_some());
/// assert_eq!(registry.message_name::<Add>(), Some("demo.Add/v1"));
/// # Ok::<(), actor_remote::registry::RegistryError>(())
/// ```
pub struct Registry<F> {
    factories: BTreeMap<String, F>,
    messages: BTreeMap<String, TypeId>,
    message_names: HashMap<TypeId, String>,
    fingerprint: u64,
}

impl<F> Registry<F> {
    /// Starts an empty registry.
    pub fn builder() -> RegistryBuilder<F> {
        RegistryBuilder::default()
    }

    /// The factory with this name.
    pub fn factory(&self, name: &str) -> Option<&F> {
        self.factories.get(name)
    }

    /// The name under which messages of type `M` travel.
    pub fn message_name<M: 'static>(&self) -> Option<&str> {
        self.message_name_of(TypeId::of::<M>())
    }

    /// The name under which messages of this type travel.
    pub(crate) fn message_name_of(&self, message: TypeId) -> Option<&str> {
        self.message_names.get(&message).map(String::as_str)
    }

    /// Whether `M` is the message type with this name.
    pub fn is_message<M: 'static>(&self, name: &str) -> bool {
        self.messages.get(name) == Some(&TypeId::of::<M>())
    }

    /// Whether a message type has this name.
    pub fn has_message(&self, name: &str) -> bool {
        self.messages.contains_key(name)
    }

    /// A number that is equal for registries with the same names and, but for chance, for no others.
    ///
    /// It covers the names and the protocol version, not the order of registration. Never 0.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Names of the factories, sorted.
    pub fn factory_names(&self) -> impl Iterator<Item = &str> {
        self.factories.keys().map(String::as_str)
    }

    /// Names of the message types, sorted.
    pub fn message_names(&self) -> impl Iterator<Item = &str> {
        self.messages.keys().map(String::as_str)
    }
}

impl<F> fmt::Debug for Registry<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("factories", &self.factories.keys())
            .field("messages", &self.messages.keys())
            .field("fingerprint", &format_args!("{:#018x}", self.fingerprint))
            .finish()
    }
}

fn is_valid(name: &str) -> bool {
    let printable = |c: char| !c.is_whitespace() && !c.is_control();
    !name.is_empty() && name.len() <= NAME_LEN_MAX && name.chars().all(printable)
}

/// The names that occur more than once, each once, sorted.
fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_insert(0_usize) += 1;
    }
    let repeated = counts.into_iter().filter(|(_, count)| *count > 1);
    repeated.map(|(name, _)| name.to_owned()).collect()
}
