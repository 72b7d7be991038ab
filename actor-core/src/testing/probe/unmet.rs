//! The panic of an expectation that was not met, at the line of whoever expected.
//!
//! What panics in a future panics there and not where it was awaited, and an `async` method does not know its caller. So the place is
//! noted when the method is called, and the panic says that it happened there: with a text as its payload, as any other one, so that
//! `#[should_panic(expected = …)]` and an actor in whose handler it happens understand it.

use std::panic::Location;

/// Fails the test. Past the panic hook, which would name a line of this crate; the simulation tells what there is to tell.
pub(in crate::testing) fn fail(text: String, at: &'static Location<'static>) -> ! {
    crate::panic::raise_at(text, at.to_string())
}
