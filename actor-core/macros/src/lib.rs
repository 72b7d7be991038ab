//! The attribute macros of `actor-core` and `actor-pool`.

mod actor_test;
mod expand;
mod faults;
mod generics;
mod job;
mod model;
mod names;
mod options;
mod read;
mod types;

use proc_macro2::TokenStream;

use crate::faults::Faults;
use crate::options::Options;

/// An actor from a block of methods.
// The programs of this page need `actor-core`, which depends on this crate; so they are tested there.
#[cfg_attr(not(doctest), doc = "", doc = include_str!("../docs/messages.md"))]
#[proc_macro_attribute]
pub fn messages(
    options: proc_macro::TokenStream,
    block: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    messages_of(options.into(), block.into()).into()
}

/// A test of actors: an `async fn` that is given a test system and runs in a simulation.
// The programs of this page need `actor-core`, as above.
#[cfg_attr(not(doctest), doc = "", doc = include_str!("../docs/actor_test.md"))]
#[proc_macro_attribute]
pub fn actor_test(
    options: proc_macro::TokenStream,
    function: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    actor_test::actor_test_of(options.into(), function.into()).into()
}

/// A [`Job`](https://docs.rs/actor-pool) of a function: a constant beside it, named like the function in capitals.
///
/// The function stays as it is. A job of several arguments takes them as a tuple. Its name is the path of the function; give it one that
/// survives a move, as in `#[job("app.square/v1")]`, when processes of different builds talk to each other.
///
/// # Examples
///
/// ```ignore
/// use actor_pool::job;
///
/// #[job("app.add/v1")]
/// fn add(a: u64, b: u64) -> u64 {
///     a + b
/// }
///
/// let sum = pool.apply(&ADD, (1, 2)).await?;
/// assert_eq!(sum, add(1, 2));
/// ```
#[proc_macro_attribute]
pub fn job(
    options: proc_macro::TokenStream,
    function: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    job::job_of(options.into(), function.into()).into()
}

/// The macro on the token streams that tests can make.
fn messages_of(options: TokenStream, tokens: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let options = Options::read(options, &mut faults);
    let mut expansion = match read::block(tokens.clone(), &mut faults) {
        Some(block) => expand::block(&block, &options),
        // So that what else speaks of it still finds it.
        None => tokens,
    };
    expansion.extend(faults.into_compile_errors());
    expansion
}

#[cfg(test)]
mod tests;
