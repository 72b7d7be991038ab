//! Questions about the types in a signature. A macro sees their spelling only, so they are told apart by their last name.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{GenericArgument, PathArguments, PathSegment, Type};

use crate::faults::Faults;

/// Whether the type is spelt `name`, `path::name` or `name<…>`.
pub(crate) fn is_called(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == name)
}

/// The last part of a path: `Reply<u64>` of `actor_core::Reply<u64>`.
fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

/// Whether it is a reference to the context of an actor.
pub(crate) fn is_context(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if is_called(&reference.elem, "Context"))
}

/// `T` of `Reply<T>`.
pub(crate) fn answer_of(reply: &Type) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &last_segment(reply)?.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(ty) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

/// Whether the type is `()`.
pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// Adds a fault for everything in the type that a message or an answer cannot hold.
pub(crate) fn check_owned(ty: &Type, what: &str, faults: &mut Faults) {
    match ty {
        Type::Reference(reference) => {
            let is_static = (reference.lifetime.as_ref()).is_some_and(|it| it.ident == "static");
            if is_static && reference.mutability.is_none() {
                check_owned(&reference.elem, what, faults);
            } else {
                faults.add(
                    ty,
                    format!(
                        "{what} outlives the call, so it cannot borrow; {}",
                        owned_instead_of(&reference.elem)
                    ),
                );
            }
        }
        Type::ImplTrait(_) => faults.add(
            ty,
            format!(
                "{what} has one type, which `impl Trait` does not name; \
                 box it (`Box<dyn Trait + Send>`), or make the `impl` block generic"
            ),
        ),
        Type::Infer(_) => faults.add(ty, format!("{what} has a type; write it here")),
        Type::Tuple(tuple) => (tuple.elems.iter()).for_each(|it| check_owned(it, what, faults)),
        Type::Array(array) => check_owned(&array.elem, what, faults),
        Type::Paren(paren) => check_owned(&paren.elem, what, faults),
        Type::Group(group) => check_owned(&group.elem, what, faults),
        Type::Path(path) => {
            for segment in &path.path.segments {
                // Not those in parentheses: a boxed `Fn(&str)` borrows only while it is called.
                if let PathArguments::AngleBracketed(arguments) = &segment.arguments {
                    for argument in &arguments.args {
                        check_argument(argument, what, faults);
                    }
                }
            }
        }
        _ => {}
    }
}

fn check_argument(argument: &GenericArgument, what: &str, faults: &mut Faults) {
    match argument {
        GenericArgument::Type(ty) => check_owned(ty, what, faults),
        GenericArgument::Lifetime(lifetime) if lifetime.ident != "static" => faults.add(
            lifetime,
            format!(
                "{what} outlives the call, so it cannot borrow; `'static` is the only lifetime here"
            ),
        ),
        _ => {}
    }
}

/// What to write instead of a reference.
fn owned_instead_of(target: &Type) -> String {
    if is_called(target, "str") {
        return "write `String` instead of `&str`".to_owned();
    }
    match target {
        Type::Slice(slice) => {
            let element = compact(&slice.elem);
            format!("write `Vec<{element}>` instead of `&[{element}]`")
        }
        other => {
            let other = compact(other);
            format!("pass it by value (`{other}`), or share it (`Arc<{other}>`)")
        }
    }
}

/// A type as a person would write it; tokens are printed with a blank between any two.
pub(crate) fn compact(ty: &impl ToTokens) -> String {
    let mut text = String::new();
    for part in ty.to_token_stream().to_string().split(' ') {
        let joins = |c: char| c.is_alphanumeric() || c == '_';
        if text.ends_with(joins) && part.starts_with(joins) || text.ends_with(',') {
            text.push(' ');
        }
        text.push_str(part);
    }
    text
}

/// Whether one of the names stands somewhere in the tokens.
pub(crate) fn mentions(
    tokens: &TokenStream,
    is_name: &dyn Fn(&proc_macro2::Ident) -> bool,
) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => is_name(&ident),
        TokenTree::Group(group) => mentions(&group.stream(), is_name),
        _ => false,
    })
}

/// The tokens with the type of the block in place of `Self`, which means something else in the enum.
pub(crate) fn without_self(tokens: TokenStream, self_ty: &Type) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut out = TokenStream::new();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "Self" => {
                let is_path =
                    matches!(tokens.peek(), Some(TokenTree::Punct(it)) if it.as_char() == ':');
                out.extend(if is_path {
                    quote!(<#self_ty>)
                } else {
                    quote!(#self_ty)
                });
            }
            TokenTree::Group(group) => {
                let inner = without_self(group.stream(), self_ty);
                let mut new = proc_macro2::Group::new(group.delimiter(), inner);
                new.set_span(group.span());
                out.extend([TokenTree::Group(new)]);
            }
            other => out.extend([other]),
        }
    }
    out
}
