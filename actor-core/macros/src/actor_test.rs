//! `#[actor_test(…)]`: an `async fn` over a test system becomes a test.
//!
//! What it writes is a `#[test]` of the same name that holds the function and hands it to `actor_core::testing::run_test`; the user's other
//! attributes stay on the test.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, ExprLit, ExprRange, Ident, ItemFn, Lit, RangeLimits, Token};

use crate::faults::Faults;

const KNOWN: &str =
    "`seed = 7`, `seeds = 0..1000`, `schedule = Random`, `strict` and `crate = path`";

/// The options of one test.
#[derive(Default)]
struct Options {
    seed: Option<Expr>,
    seeds: Option<Expr>,
    schedule: Option<Expr>,
    is_strict: bool,
    krate: Option<syn::Path>,
}

/// The macro on the token streams that tests can make.
pub(crate) fn actor_test_of(options: TokenStream, tokens: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let options = Options::read(options, &mut faults);
    let mut expansion = match syn::parse2::<ItemFn>(tokens.clone()) {
        Ok(function) => {
            look_at(&function, &mut faults);
            expand(&function, &options)
        }
        Err(error) => {
            faults.add_error(error);
            TokenStream::new()
        }
    };
    if let Some(error) = faults.into_error() {
        // The function stays, for what it uses; as a test it would only add faults of its own.
        let error = error.into_compile_error();
        expansion = quote!(#[allow(dead_code)] #tokens #error);
    }
    expansion
}

impl Options {
    fn read(tokens: TokenStream, faults: &mut Faults) -> Self {
        let mut options = Options::default();
        let parser = |input: ParseStream<'_>| options.parse(input);
        if let Err(error) = parser.parse2(tokens) {
            faults.add_error(error);
        }
        if let (Some(_), Some(seeds)) = (&options.seed, &options.seeds) {
            faults.add(
                seeds,
                "one seed, or a range of them: give `seed` or `seeds`, not both",
            );
        }
        if let Some(seeds) = &options.seeds {
            look_at_range(seeds, faults);
        }
        options
    }

    fn parse(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        while !input.is_empty() {
            let key = input.call(Ident::parse_any)?;
            match key.to_string().as_str() {
                "seed" => self.seed = Some(value(input)?),
                "seeds" => self.seeds = Some(value(input)?),
                "schedule" => self.schedule = Some(value(input)?),
                "strict" => self.is_strict = true,
                "crate" => {
                    input.parse::<Token![=]>()?;
                    self.krate = Some(input.call(syn::Path::parse_mod_style)?);
                }
                other => {
                    let text = format!("`actor_test` has no option `{other}`; there are {KNOWN}");
                    return Err(syn::Error::new(key.span(), text));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }
}

fn value(input: ParseStream<'_>) -> syn::Result<Expr> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// An empty range would be a test that shows nothing.
fn look_at_range(seeds: &Expr, faults: &mut Faults) {
    let Expr::Range(ExprRange {
        start: Some(start),
        end: Some(end),
        limits: RangeLimits::HalfOpen(_),
        ..
    }) = seeds
    else {
        // A constant, perhaps; if it is no range the compiler says so.
        if matches!(seeds, Expr::Lit(_) | Expr::Range(_)) {
            faults.add(
                seeds,
                "`seeds` is a range that begins and ends, and does not hold its end: `0..1000`",
            );
        }
        return;
    };
    if let (Some(start), Some(end)) = (number(start), number(end))
        && start >= end
    {
        faults.add(
            seeds,
            "this range holds no seed, so the test would show nothing; `0..1000` holds a thousand",
        );
    }
}

fn number(expr: &Expr) -> Option<u64> {
    match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => number.base10_parse().ok(),
        _ => None,
    }
}

fn look_at(function: &ItemFn, faults: &mut Faults) {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        faults.add(
            signature.fn_token,
            "a test of actors waits for them: write `async fn`",
        );
    }
    if signature.inputs.len() != 1 {
        let place = quote_spanned!(signature.paren_token.span.join()=> ());
        faults.add(
            place,
            "a test of actors is given its system and nothing else: write `(system: TestSystem)`",
        );
    }
    if !signature.generics.params.is_empty() {
        faults.add(
            &signature.generics,
            "nobody says what the parameters of a test are: write a helper with them, and a test without",
        );
    }
}

fn expand(function: &ItemFn, options: &Options) -> TokenStream {
    let krate = match &options.krate {
        Some(path) => quote!(#path),
        None => quote!(::actor_core),
    };
    let ItemFn {
        attrs, sig, block, ..
    } = function;
    let (name, inputs, output) = (&sig.ident, &sig.inputs, &sig.output);
    let schedule = options
        .schedule
        .as_ref()
        .map(|schedule| quote!(.schedule({ use #krate::testing::Schedule::*; #schedule })));
    let strict = options.is_strict.then(|| quote!(.strict(true)));
    let seed = options.seed.as_ref().map(|seed| quote!(.seed(#seed)));
    let seeds = match &options.seeds {
        Some(seeds) => quote!(::core::option::Option::Some(#seeds)),
        None => quote!(::core::option::Option::None),
    };
    let call = quote_spanned! {name.span()=>
        #krate::testing::run_test(
            #krate::testing::Simulation::new() #schedule #strict #seed,
            #seeds,
            #name,
        )
    };
    quote! {
        #(#attrs)*
        #[::core::prelude::v1::test]
        fn #name() {
            async fn #name(#inputs) #output #block
            #call
        }
    }
}
