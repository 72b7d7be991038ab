//! Running user code so that its panic is a value: the text, and where it happened.
//!
//! For crates that run code of their users under a roof of their own, as a pool runs jobs; actors are guarded already. The location
//! comes from one chaining panic hook, installed once per process by the first system that wants it
//! ([`SystemBuilder::panic_hook`](crate::SystemBuilder::panic_hook)).

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::ExitReason;

/// What is known of a panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// The panic message.
    pub text: String,
    /// `file:line:column`, when the panic hook is installed.
    pub location: Option<String>,
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(at) => write!(f, "panicked at {at}: {}", self.text),
            None => write!(f, "panicked: {}", self.text),
        }
    }
}

impl std::error::Error for Panic {}

impl From<Panic> for ExitReason {
    fn from(panic: Panic) -> Self {
        ExitReason::Panicked {
            text: panic.text,
            location: panic.location,
        }
    }
}

/// Runs user code.
///
/// # Errors
///
/// Its panic. Whatever the code changed half-way stays changed.
///
/// # Examples
///
/// ```
/// use actor_core::panic::catch;
///
/// assert_eq!(catch(|| 7), Ok(7));
/// assert_eq!(catch(|| panic!("no")).map_err(|panic| panic.text), Err::<(), _>("no".to_owned()));
/// ```
pub fn catch<T>(run: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(run)).map_err(describe)
}

/// Drops user data, whose `Drop` may panic; that harms nobody else.
pub fn discard<T>(value: T) {
    if let Err(panic) = catch(|| drop(value)) {
        tracing::error!(%panic, "dropping a value panicked");
    }
}

/// What the payload of a panic says. It is user data as well, so it is dropped with care.
pub(crate) fn describe(payload: Box<dyn Any + Send>) -> Panic {
    let text = text_of(&*payload);
    // Only if it is this very panic: user code may have caught one and raised an older one again.
    let location = LAST
        .take()
        .filter(|(last, _)| *last == text)
        .map(|(_, at)| at);
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // The drop of a payload panicked with a payload of its own; once more would be too often.
        std::mem::forget(again);
    }
    Panic { text, location }
}

/// The same of a payload that is still to be raised again.
#[cfg(feature = "testing")]
pub(crate) fn look_at(payload: &(dyn Any + Send)) -> Panic {
    let text = text_of(payload);
    let last = LAST.with_borrow(Clone::clone);
    let location = last.filter(|(last, _)| *last == text).map(|(_, at)| at);
    Panic { text, location }
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic with a payload that is no text".to_owned()
    }
}

thread_local! {
    /// The text of the last panic of this thread, and where it happened.
    static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Installs the hook, once per process. The hook that was there is called as before.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let last = info.location().map(|at| {
                let at = format!("{}:{}:{}", at.file(), at.line(), at.column());
                (text_of(info.payload()), at)
            });
            // A thread that is going away has no place for it any more.
            LAST.try_with(|place| *place.borrow_mut() = last).ok();
            previous(info);
        }));
    });
}

/// Panics as if it happened at that place, past the panic hook, which would name this line.
#[cfg(feature = "testing")]
pub(crate) fn raise_at(text: String, at: String) -> ! {
    LAST.set(Some((text.clone(), at)));
    std::panic::resume_unwind(Box::new(text))
}
