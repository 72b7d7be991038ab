//! Runs user code so that its panic is a value: the text, and where it happened.
//!
//! The location comes from one chaining panic hook, installed once per process by the first pool that wants it; the hook that was
//! there is called as before.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// What is known of a panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panic {
    pub(crate) text: String,
    pub(crate) location: Option<String>,
}

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Installs the hook, once per process.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let at = info
                .location()
                .map(|at| format!("{}:{}:{}", at.file(), at.line(), at.column()));
            // A thread that is going away has no place for it any more.
            LAST.try_with(|last| *last.borrow_mut() = at).ok();
            previous(info);
        }));
    });
}

/// Runs user code.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let panic = Panic {
            text: text(&*payload),
            location: LAST.take(),
        };
        // The payload is user data as well.
        discard(payload);
        panic
    })
}

/// Drops user data, whose `Drop` may panic; that harms nobody else.
pub(crate) fn discard<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        tracing::error!(text = text(&*payload), "dropping a value of a job panicked");
        // Once more would be a payload that panics when a panicking drop is dropped; it is leaked.
        std::mem::forget(payload);
    }
}

fn text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic with a payload that is no text".to_owned()
    }
}
