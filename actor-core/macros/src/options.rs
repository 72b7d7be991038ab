//! What stands in the parentheses of `#[messages(…)]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Ident, Meta, Path, Token, parenthesized};

use crate::faults::Faults;

const KNOWN: &str = "`msg = Name`, `ref_trait = Name`, `derive(…)`, `attr(…)` and `crate = path`";

/// The options of one block; what was not said is none or empty.
#[derive(Default)]
pub(crate) struct Options {
    /// The name of the message enum.
    pub(crate) msg: Option<Ident>,
    /// The name of the trait with the methods of the reference.
    pub(crate) ref_trait: Option<Ident>,
    /// What the enum derives.
    pub(crate) derive: Vec<Path>,
    /// Further attributes of the enum.
    pub(crate) attrs: Vec<Meta>,
    /// Where `actor_core` is found.
    krate: Option<Path>,
}

impl Options {
    /// Reads them.
    pub(crate) fn read(tokens: TokenStream, faults: &mut Faults) -> Self {
        let mut options = Options::default();
        let parser = |input: ParseStream<'_>| options.parse(input, faults);
        if let Err(error) = parser.parse2(tokens) {
            faults.add_error(error);
        }
        options
    }

    /// The path of the crate that everything generated is written with.
    pub(crate) fn krate(&self) -> TokenStream {
        match &self.krate {
            Some(path) => path.to_token_stream(),
            None => quote!(::actor_core),
        }
    }

    /// Whether the message can travel, so that a generic one needs bounds for that.
    pub(crate) fn derives_serde(&self) -> bool {
        self.derive
            .iter()
            .filter_map(|path| path.segments.last())
            .any(|last| last.ident == "Serialize" || last.ident == "Deserialize")
    }

    /// Whether the user wrote the bounds of the serde impls.
    pub(crate) fn has_serde_bound(&self) -> bool {
        self.attrs
            .iter()
            .filter(|meta| meta.path().is_ident("serde"))
            .any(|meta| {
                meta.require_list().is_ok_and(|list| {
                    list.tokens
                        .clone()
                        .into_iter()
                        .any(|token| token.to_string() == "bound")
                })
            })
    }

    fn parse(&mut self, input: ParseStream<'_>, faults: &mut Faults) -> syn::Result<()> {
        while !input.is_empty() {
            let key = input.call(Ident::parse_any)?;
            let again = match key.to_string().as_str() {
                "msg" => set(&mut self.msg, value(input)?),
                "ref_trait" => set(&mut self.ref_trait, value(input)?),
                "crate" => {
                    input.parse::<Token![=]>()?;
                    set(&mut self.krate, input.call(Path::parse_mod_style)?)
                }
                "derive" => extend(&mut self.derive, list(input, Path::parse_mod_style)?),
                "attr" => extend(&mut self.attrs, list(input, |input| input.parse::<Meta>())?),
                _ => {
                    return Err(syn::Error::new(
                        key.span(),
                        format!("unknown option `{key}`; there are {KNOWN}"),
                    ));
                }
            };
            if again {
                faults.add(&key, format!("`{key}` is said twice"));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }
}

fn value(input: ParseStream<'_>) -> syn::Result<Ident> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn list<T>(
    input: ParseStream<'_>,
    item: impl FnMut(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<Vec<T>> {
    let content;
    parenthesized!(content in input);
    let mut item = item;
    let mut items = Vec::new();
    while !content.is_empty() {
        items.push(item(&content)?);
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(items)
}

/// Whether it was set before.
fn set<T>(place: &mut Option<T>, value: T) -> bool {
    place.replace(value).is_some()
}

/// Lists may be said twice: they add up.
fn extend<T>(place: &mut Vec<T>, values: Vec<T>) -> bool {
    place.extend(values);
    false
}
