//! The parameters of the enum and of the trait: those of the `impl` block that the messages mention, with their bounds.
//!
//! A parameter that no message mentions stays away, so that the enum needs no `PhantomData`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{GenericParam, Generics, Ident, Token, TypeParamBound, WherePredicate};

use crate::model::{Message, Param};
use crate::types::mentions;

/// The part of `all` that the messages need.
pub(crate) fn of_messages(all: &Generics, messages: &[Message]) -> Generics {
    let types: TokenStream = messages.iter().flat_map(types).collect();
    let (needed, others): (Vec<_>, Vec<_>) =
        (all.params.iter()).partition(|param| mentions(&types, &|ident| ident == name(param)));
    let others: Vec<&Ident> = others.into_iter().map(name).collect();
    let speaks_of_others =
        |tokens: &dyn Fn() -> TokenStream| mentions(&tokens(), &|ident| others.contains(&ident));
    let params: Punctuated<GenericParam, Token![,]> = (needed.iter())
        .map(|param| without_bounds(param, &|bound| speaks_of_others(&|| quote!(#bound))))
        .collect();
    let predicates: Punctuated<WherePredicate, Token![,]> = (all.where_clause.iter())
        .flat_map(|clause| &clause.predicates)
        .filter(|predicate| {
            let tokens = predicate.to_token_stream();
            !speaks_of_others(&|| tokens.clone())
                && mentions(&tokens, &|ident| {
                    needed.iter().any(|param| name(param) == ident)
                })
        })
        .cloned()
        .collect();
    let mut generics = Generics {
        lt_token: (!params.is_empty()).then(Default::default),
        gt_token: (!params.is_empty()).then(Default::default),
        params,
        where_clause: None,
    };
    if !predicates.is_empty() {
        generics.make_where_clause().predicates = predicates;
    }
    generics
}

/// The bounds that the serde impls of a generic message need; the derive would not guess those of a reply, which travels the other way.
pub(crate) fn serde_bound(generics: &Generics) -> Option<String> {
    let bounds: Vec<String> = generics
        .type_params()
        .map(|param| {
            format!(
                "{}: serde::Serialize + serde::de::DeserializeOwned",
                param.ident
            )
        })
        .collect();
    (!bounds.is_empty()).then(|| bounds.join(", "))
}

fn types(message: &Message) -> TokenStream {
    let fields = message.params.iter().filter_map(|param| match param {
        Param::Field { ty, .. } => Some(ty),
        _ => None,
    });
    let types = fields.chain(message.kind.answer());
    quote!(#(#types),*)
}

fn name(param: &GenericParam) -> &Ident {
    match param {
        GenericParam::Type(it) => &it.ident,
        GenericParam::Const(it) => &it.ident,
        GenericParam::Lifetime(it) => &it.lifetime.ident,
    }
}

/// The parameter without those of its bounds that speak of parameters that are left out.
fn without_bounds(
    param: &GenericParam,
    is_left_out: &dyn Fn(&TypeParamBound) -> bool,
) -> GenericParam {
    let mut param = param.clone();
    if let GenericParam::Type(it) = &mut param {
        it.bounds = (std::mem::take(&mut it.bounds).into_iter())
            .filter(|bound| !is_left_out(bound))
            .collect();
        if it.bounds.is_empty() {
            it.colon_token = None;
        }
    }
    param
}
