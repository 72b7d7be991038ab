//! The names of messages, and the list of those that are taken.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::Span;
use syn::{GenericArgument, ImplItem, Item, PathArguments, Type, Visibility};

use super::*;

fn named(method: &str) -> Option<String> {
    let method: Ident =
        syn::parse_str(method).unwrap_or_else(|_| Ident::new_raw(method, Span::call_site()));
    variant(&method).map(|name| name.to_string())
}

#[test]
fn a_message_has_the_name_of_its_method_as_a_variant_is_written() {
    assert_eq!(named("add").as_deref(), Some("Add"));
    assert_eq!(named("add_up_2_numbers").as_deref(), Some("AddUp2Numbers"));
    assert_eq!(named("_hidden").as_deref(), Some("Hidden"));
    assert_eq!(named("r#type").as_deref(), Some("Type"));
}

#[test]
fn a_name_that_makes_no_variant_is_none() {
    assert_eq!(named("_1st"), None);
    assert_eq!(named("self_"), None);
    assert_eq!(named("__"), None);
}

/// Every file of a folder and of those in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the sources stand there");
    let paths = entries.map(|entry| entry.expect("a file or a folder").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Whether the block is one of `ActorRef<M>` for every message type.
fn is_of_the_reference(item: &syn::ItemImpl) -> bool {
    let Type::Path(path) = &*item.self_ty else {
        return false;
    };
    let Some(last) = path.path.segments.last() else {
        return false;
    };
    let is_generic = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            let first = arguments.args.first();
            let is_parameter =
                |name: &Ident| item.generics.type_params().any(|it| it.ident == *name);
            matches!(first, Some(GenericArgument::Type(Type::Path(it))) if it.path.get_ident().is_some_and(is_parameter))
        }
        _ => false,
    };
    item.trait_.is_none() && last.ident == "ActorRef" && is_generic
}

#[test]
fn the_list_of_taken_names_is_what_the_reference_has() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
    let mut methods: Vec<String> = files(&sources)
        .iter()
        .map(|path| {
            syn::parse_file(&fs::read_to_string(path).expect("it is text")).expect("it is Rust")
        })
        .flat_map(|file| file.items)
        .filter_map(|item| match item {
            Item::Impl(item) if is_of_the_reference(&item) => Some(item.items),
            _ => None,
        })
        .flatten()
        .filter_map(|item| match item {
            ImplItem::Fn(method) => Some(method),
            _ => None,
        })
        .filter(|method| {
            matches!(method.vis, Visibility::Public(_)) && method.sig.receiver().is_some()
        })
        .map(|method| method.sig.ident.to_string())
        .collect();
    methods.sort();

    assert_eq!(methods, METHODS_OF_THE_REFERENCE);
}
