//! What is wrong with a block: every fault of it, not the first one only.
//!
//! Whoever reads a part of the block adds to it and goes on; the rest of the block is generated all the same, so that one fault does
//! not drag a tail of "cannot find type" behind it.

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The faults found so far.
#[derive(Default)]
pub(crate) struct Faults(Option<syn::Error>);

impl Faults {
    /// A fault that is underlined at `place`. The text says what is wrong, then what to write instead.
    pub(crate) fn add(&mut self, place: impl ToTokens, text: impl std::fmt::Display) {
        self.add_error(syn::Error::new_spanned(place, text));
    }

    /// A fault that the parser found.
    pub(crate) fn add_error(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            none => *none = Some(error),
        }
    }

    /// All of them in one, if there are any.
    pub(crate) fn into_error(self) -> Option<syn::Error> {
        self.0
    }

    /// One `compile_error!` per fault.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.into_error()
            .map(syn::Error::into_compile_error)
            .unwrap_or_default()
    }
}
