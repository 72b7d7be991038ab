//! The names that are made from the user's names, and those that cannot be taken.

use proc_macro2::Span;
use syn::Ident;
use syn::ext::IdentExt;

/// The methods that a reference has by itself: they would be called in place of a generated one with the same name. A test compares this
/// list with the sources of `actor-core`.
const METHODS_OF_THE_REFERENCE: &[&str] = &[
    "any",
    "ask",
    "ask_within",
    "downgrade",
    "drain",
    "id",
    "is_closed",
    "is_empty",
    "kill",
    "len",
    "map",
    "reserve",
    "send",
    "send_timeout",
    "stop",
    "try_send",
    "wait",
];

/// The methods of traits that a reference implements and that are in scope everywhere: a call would be ambiguous.
const METHODS_OF_THE_PRELUDE: &[&str] = &[
    "clone",
    "clone_from",
    "eq",
    "into",
    "ne",
    "to_owned",
    "try_into",
];

/// Whether a generated method of that name could not be called on a reference.
pub(crate) fn is_taken(method: &Ident) -> bool {
    let name = method.unraw().to_string();
    METHODS_OF_THE_REFERENCE.contains(&name.as_str())
        || METHODS_OF_THE_PRELUDE.contains(&name.as_str())
}

/// `add_twice` → `AddTwice`, with the span of the method. `None` where that is no name.
pub(crate) fn variant(method: &Ident) -> Option<Ident> {
    let mut name = String::new();
    for word in method.unraw().to_string().split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(letters.as_str());
    }
    ident(&name, method.span())
}

/// A name that may be none: `Self`, or one that begins with a digit.
fn ident(name: &str, span: Span) -> Option<Ident> {
    let mut ident: Ident = syn::parse_str(name).ok()?;
    ident.set_span(span);
    Some(ident)
}

#[cfg(test)]
mod tests;
