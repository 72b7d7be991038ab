//! The pages of the documentation that hold programs: these are tests, and every row of a table is in one of them.

/// What to write here for what one knows from Python.
#[cfg(doctest)]
#[doc = include_str!("../../docs/coming-from-python.md")]
struct ComingFromPython;

/// What to write here for what one knows from Akka's routers and ractor's factory.
#[cfg(doctest)]
#[doc = include_str!("../../docs/coming-from-akka-and-ractor.md")]
struct ComingFromAkkaAndRactor;

#[cfg(test)]
mod tests;
