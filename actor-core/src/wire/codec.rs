//! The encoding, and the hook by which a link takes part in it.

use std::cell::RefCell;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{LinkHook, depth};
use crate::sync::Arc;
use crate::{AskError, ExitReason};

thread_local! {
    static HOOK: RefCell<Option<Arc<dyn LinkHook>>> = const { RefCell::new(None) };
}

/// Runs one encode or decode, or a batch of them, with this link at hand. Nests. The example stands with [`LinkHook`].
pub fn with_link<R>(hook: &Arc<dyn LinkHook>, run: impl FnOnce() -> R) -> R {
    struct Restore(Option<Arc<dyn LinkHook>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let inner = HOOK.replace(self.0.take());
            drop(inner);
        }
    }
    let _restore = Restore(HOOK.replace(Some(Arc::clone(hook))));
    run()
}

pub(super) fn hook() -> Option<Arc<dyn LinkHook>> {
    HOOK.with_borrow(Option::clone)
}

pub(super) const OUTSIDE: &str =
    "references and replies can be serialised only inside a message that goes over a link";

/// Appends a value in the encoding of links.
///
/// # Errors
///
/// What its `Serialize` says. The buffer may end in a part of it.
///
/// # Examples
///
/// ```
/// use actor_core::wire::{decode, encode};
///
/// # fn main() -> Result<(), String> {
/// let mut bytes = Vec::new();
/// encode(&("seven", 7_u32), &mut bytes)?;
/// assert_eq!(decode::<(String, u32)>(&bytes)?, ("seven".to_owned(), 7));
/// # Ok(()) }
/// ```
pub fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), String> {
    struct Append<'a>(&'a mut Vec<u8>);
    impl postcard::ser_flavors::Flavor for Append<'_> {
        type Output = ();
        #[inline]
        fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
            self.0.extend_from_slice(data);
            Ok(())
        }
        #[inline]
        fn try_push(&mut self, data: u8) -> postcard::Result<()> {
            self.0.push(data);
            Ok(())
        }
        fn finalize(self) -> postcard::Result<()> {
            Ok(())
        }
    }
    postcard::serialize_with_flavor(value, Append(out)).map_err(|error| explain(&error))
}

/// Decodes a value in the encoding of links; all bytes must belong to it.
///
/// # Errors
///
/// The bytes are no such value, or one that is nested more than 128 levels deep: a stranger's bytes must not overflow the stack.
///
/// # Examples
///
/// ```
/// use actor_core::wire::decode;
///
/// assert_eq!(decode::<u8>(&[7]), Ok(7));
/// assert_eq!(decode::<u8>(&[7, 8]), Err("1 bytes too many".to_owned()));
/// assert!(decode::<u8>(&[]).is_err());
/// ```
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let mut postcard = postcard::Deserializer::from_bytes(bytes);
    let value = T::deserialize(depth::Limited::new(&mut postcard));
    match value.and_then(|value| Ok((value, postcard.finalize()?))) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes too many", rest.len())),
        Err(error) => Err(explain(&error)),
    }
}

/// Runs the serde code of a user's type: a panic in it is an error of that message only, not the end of the link.
pub(super) fn caught<T>(code: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    crate::guard::caught(code).unwrap_or_else(|panicked| Err(panicked.to_string()))
}

/// Drops a message; a panic in that harms nobody else.
pub(super) fn drop_caught<M>(message: M) {
    if let Err(panicked) = crate::guard::caught(|| drop(message)) {
        tracing::error!(message_type = std::any::type_name::<M>(), %panicked, "the drop of a message panicked");
    }
}

thread_local! {
    /// Postcard drops the text of a custom error; this keeps it.
    static REASON: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn explain(error: &postcard::Error) -> String {
    REASON.take().unwrap_or_else(|| error.to_string())
}

pub(super) fn keep_reason(reason: String) -> String {
    REASON.set(Some(reason.clone()));
    reason
}

pub(super) fn failed(why: String) -> AskError {
    AskError::Failed {
        reason: ExitReason::Failed(why),
    }
}
