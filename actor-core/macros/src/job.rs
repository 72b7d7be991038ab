//! `#[job]`: a constant beside a function, by which a pool runs it anywhere.
//!
//! It writes what a person would write, and leaves the function alone:
//!
//! | of | comes |
//! |---|---|
//! | `fn add(a: u64, b: u64) -> u64` | `const ADD: Job<(u64, u64), u64> = Job::new("…::add", \|(a, b)\| add(a, b));` |

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{FnArg, ItemFn, LitStr, ReturnType, Safety, Type};

use crate::faults::Faults;

/// The function, and its constant.
pub(crate) fn job_of(options: TokenStream, tokens: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let name = read_name(options, &mut faults);
    let mut expansion = tokens.clone();
    match syn::parse2::<ItemFn>(tokens) {
        Ok(function) => {
            check(&function, &mut faults);
            let arguments = arguments(&function, &mut faults);
            if let Some(error) = faults.into_error() {
                // The function is there, so whoever calls it is not told that it is not.
                expansion.extend(error.into_compile_error());
                return expansion;
            }
            expansion.extend(constant(&function, &arguments, name));
        }
        Err(error) => {
            faults.add_error(error);
            expansion.extend(faults.into_compile_errors());
        }
    }
    expansion
}

fn read_name(options: TokenStream, faults: &mut Faults) -> Option<LitStr> {
    if options.is_empty() {
        return None;
    }
    let name = syn::parse2::<LitStr>(options.clone());
    if name.is_err() {
        faults.add(
            options,
            "a job takes its name and nothing else: write `#[job(\"app.square/v1\")]`, or `#[job]` for the path of the function",
        );
    }
    name.ok()
}

fn check(function: &ItemFn, faults: &mut Faults) {
    let signature = &function.sig;
    if let Some(word) = &signature.asyncness {
        faults.add(
            word,
            "a job is a plain function: async closures are handed in with `Pool::submit_async`",
        );
    }
    if let Safety::Unsafe(word) = &signature.safety {
        faults.add(
            word,
            "a job is run by whoever knows its name, so it cannot be unsafe to call",
        );
    }
    if !signature.generics.params.is_empty() {
        faults.add(
            &signature.generics,
            "a job has one name and one type, so it cannot be generic: write one function per type",
        );
    }
}

fn arguments(function: &ItemFn, faults: &mut Faults) -> Vec<Type> {
    let mut arguments = Vec::new();
    for argument in &function.sig.inputs {
        match argument {
            FnArg::Receiver(receiver) => faults.add(
                receiver,
                "a job is a function, not a method: give it what it needs as an argument",
            ),
            FnArg::Typed(typed) => {
                if matches!(*typed.ty, Type::Reference(_) | Type::ImplTrait(_)) {
                    faults.add(
                        &typed.ty,
                        "the argument of a job travels to its worker, so it is an owned value: `String` for `&str`, `Vec<T>` for `&[T]`",
                    );
                }
                arguments.push((*typed.ty).clone());
            }
        }
    }
    arguments
}

fn constant(function: &ItemFn, arguments: &[Type], name: Option<LitStr>) -> TokenStream {
    let (visibility, ident) = (&function.vis, &function.sig.ident);
    let plain = ident.unraw().to_string();
    let constant = format_ident!("{}", plain.to_uppercase(), span = ident.span());
    let out = match &function.sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, out) => quote!(#out),
    };
    let name = match name {
        Some(name) => quote!(#name),
        None => quote!(::core::concat!(::core::module_path!(), "::", #plain)),
    };
    let places: Vec<_> = (0..arguments.len())
        .map(|n| format_ident!("a{n}"))
        .collect();
    let (argument, run) = match arguments {
        [one] => (quote!(#one), quote!(#ident)),
        several => (
            quote!((#(#several),*)),
            quote!(|(#(#places),*): (#(#several),*)| #ident(#(#places),*)),
        ),
    };
    let conditions = function
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"));
    let doc = format!("The job of [`{plain}`].");
    quote! {
        #(#conditions)*
        #[doc = #doc]
        #visibility const #constant: ::actor_pool::Job<#argument, #out> =
            ::actor_pool::Job::new(#name, #run);
    }
}

#[cfg(test)]
mod tests;
