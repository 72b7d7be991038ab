//! The panic of an expectation that was not met, at the line of whoever expected.
//!
//! What panics in a future panics there and not where it was awaited, and an `async` method does not know its caller. So the place is
//! noted when the method is called, and travels in the payload; the simulation that catches it tells it as the location.

use std::panic::{Location, resume_unwind};

/// See the module's header.
pub(in crate::testing) struct Unmet {
    pub(in crate::testing) text: String,
    pub(in crate::testing) at: &'static Location<'static>,
}

impl Unmet {
    /// Fails the test. Past the panic hook, which would name a line of this crate; the simulation tells what there is to tell.
    pub(in crate::testing) fn fail(text: String, at: &'static Location<'static>) -> ! {
        resume_unwind(Box::new(Unmet { text, at }))
    }

    /// `file:line:column`, as a panic has it.
    pub(in crate::testing) fn location(&self) -> String {
        self.at.to_string()
    }
}
