//! What the documentation shows is what the macro writes; and rules that need no compiler to be seen.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{File, Item, Meta};

use super::messages_of;

/// Items as text, one per line; a comma at the end of a list is a matter of layout.
fn lines(items: impl IntoIterator<Item = Item>) -> Vec<String> {
    (items.into_iter())
        .map(|item| without_last_commas(item.to_token_stream()).to_string())
        .collect()
}

fn without_last_commas(tokens: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = (tokens.into_iter())
        .map(|token| match token {
            TokenTree::Group(group) => {
                let inner = without_last_commas(group.stream());
                TokenTree::Group(Group::new(group.delimiter(), inner))
            }
            other => other,
        })
        .collect();
    let ends_in_comma = |tokens: &[TokenTree]| matches!(tokens.last(), Some(TokenTree::Punct(last)) if last.as_char() == ',');
    if ends_in_comma(&tokens) {
        tokens.pop();
    }
    tokens.into_iter().collect()
}

fn file(text: &str) -> File {
    syn::parse_file(text).expect("what is shown is Rust")
}

/// The programs of the documentation, as a reader sees them.
fn shown() -> Vec<String> {
    let page = include_str!("../docs/messages.md");
    let programs = page
        .split("```rust\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let is_visible = |line: &&str| *line != "#" && !line.starts_with("# ");
    programs
        .map(|text| text.lines().filter(is_visible).collect::<Vec<_>>())
        .map(|lines| lines.join("\n"))
        .collect()
}

/// Every item of a program but its `main`, the block replaced by what the macro makes of it.
fn expanded(program: &str) -> Vec<Item> {
    (file(program).items.into_iter())
        .flat_map(|item| match item {
            Item::Impl(mut block)
                if block.attrs.iter().any(|it| it.path().is_ident("messages")) =>
            {
                let options = match block.attrs.remove(0).meta {
                    Meta::List(list) => list.tokens,
                    _ => TokenStream::new(),
                };
                let expansion = messages_of(options, block.to_token_stream());
                file(&expansion.to_string()).items
            }
            other => vec![other],
        })
        .filter(|item| !matches!(item, Item::Fn(_)))
        .collect()
}

#[track_caller]
fn check_shown(program: &str, expansion: &str) {
    // The order of the items says nothing.
    let (mut made, mut shown) = (lines(expanded(program)), lines(expanded(expansion)));
    made.sort();
    shown.sort();
    for (made, shown) in made.iter().zip(&shown) {
        assert_eq!(made, shown, "made (above) is not what is shown (below)");
    }
    assert_eq!(made.len(), shown.len());
}

#[test]
fn the_expansions_in_the_documentation_are_those_that_are_made() {
    let programs = shown();
    let [counter, counter_expanded, shelf, shelf_expanded] = &programs[..] else {
        panic!("the page shows two blocks, each with its expansion");
    };

    check_shown(counter, counter_expanded);
    check_shown(shelf, shelf_expanded);
}

/// What is made of a block, without blanks.
fn made_of(options: TokenStream, block: TokenStream) -> String {
    let text = messages_of(options, block).to_string();
    text.replace(' ', "")
}

#[track_caller]
fn check_has(made: &str, part: TokenStream) {
    // The comma that a formatter puts at the end of a `where`.
    let part = part.to_string().replace(' ', "").replace(",{", "{");
    assert!(made.contains(&part), "no\n{part}\nin\n{made}");
}

#[test]
fn documentation_and_cfgs_are_carried_to_the_variant_and_to_the_method_of_the_reference() {
    let made = made_of(
        quote!(),
        quote! {
            impl Door {
                /// Opens it.
                #[cfg(unix)]
                #[inline]
                pub fn open(&mut self) {}
                /// Whether it is open.
                #[cfg(unix)]
                pub fn is_open(&self) -> bool { true }
            }
        },
    );

    check_has(
        &made,
        quote! {
            #[doc = r" Opens it."] #[cfg(unix)] Open,
            #[doc = r" Whether it is open."] #[cfg(unix)] IsOpen(::actor_core::Reply<bool>),
        },
    );
    check_has(
        &made,
        quote! {
            #[doc = r" Opens it."] #[cfg(unix)]
            fn open(&self) -> ::actor_core::SendFuture<'_, DoorMsg>;
        },
    );
    check_has(
        &made,
        quote!(
            #[cfg(unix)]
            fn open(&self) -> ::actor_core::SendFuture<'_, DoorMsg> {
                self.send(DoorMsg::Open)
            }
        ),
    );
    check_has(
        &made,
        quote!(#[cfg(unix)] DoorMsg::Open => Self::open(self),),
    );
}

#[test]
fn the_cfgs_of_a_block_hold_for_everything_that_is_made_of_it() {
    let made = made_of(
        quote!(),
        quote!(
            #[cfg(unix)]
            impl Door {
                fn open(&mut self) {}
            }
        ),
    );

    assert_eq!(made.matches("#[cfg(unix)]").count(), 5);
}

#[test]
fn enum_and_trait_are_as_visible_as_the_methods() {
    let block =
        quote!(impl Door { pub(crate) fn open(&mut self) {} #[started] fn up(&mut self) {} });
    let made = made_of(quote!(), block);

    check_has(&made, quote!(pub(crate) enum DoorMsg));
    check_has(&made, quote!(pub(crate) trait DoorRef));
}

#[test]
fn the_names_the_derives_the_attributes_and_the_crate_can_be_chosen() {
    let made = made_of(
        quote!(
            msg = Knock,
            ref_trait = Knocking,
            derive(Debug),
            attr(non_exhaustive),
            crate = actors::core
        ),
        quote!(impl house::Door { fn open(&mut self) {} }),
    );

    check_has(
        &made,
        quote!(
            #[derive(Debug)]
            #[non_exhaustive]
            enum Knock {
                Open,
            }
        ),
    );
    check_has(&made, quote!(trait Knocking));
    check_has(
        &made,
        quote!(impl Knocking for actors::core::ActorRef<Knock>),
    );
    check_has(&made, quote!(impl actors::core::Actor for house::Door));
}

#[test]
fn the_enum_has_the_parameters_that_the_messages_mention_and_their_bounds() {
    let made = made_of(
        quote!(),
        quote! {
            impl<K: Send, V: Into<K> + Send, S: Send, const N: usize> Cache<K, V, S, N>
            where V: Clone, K: Clone, S: Fn(K) {
                fn put(&mut self, value: [V; N]) {}
            }
        },
    );

    check_has(
        &made,
        quote!(
            enum CacheMsg<V: Send, const N: usize>
            where
                V: Clone,
            {
                Put([V; N]),
            }
        ),
    );
    check_has(
        &made,
        quote!(impl<V: Send, const N: usize> CacheRef<V, N> for ::actor_core::ActorRef<CacheMsg<V, N> >),
    );
    check_has(
        &made,
        quote!(
            type Msg = CacheMsg<V, N>;
        ),
    );
}

#[test]
fn self_is_the_actor_in_its_messages_too() {
    let made = made_of(
        quote!(),
        quote!(
            impl<T: Send> Node<T> {
                fn merge(&mut self, other: Box<Self>, at: Self::Place) -> Vec<Self> {}
            }
        ),
    );

    check_has(
        &made,
        quote!(Merge(Box<Node<T>>, <Node<T>>::Place, ::actor_core::Reply<Vec<Node<T>>>)),
    );
}

#[test]
fn bounds_for_travelling_are_written_for_generic_messages_unless_the_user_does() {
    let block = quote!(
        impl<T: Send> Cell<T> {
            fn set(&mut self, value: T) {}
        }
    );
    let bound = "#[serde(bound=";
    let has_bound = |options| made_of(options, block.clone()).contains(bound);

    assert!(has_bound(quote!(derive(Serialize, Deserialize))));
    assert!(!has_bound(quote!(derive(Debug))));
    assert!(
        !made_of(
            quote!(derive(Serialize)),
            quote!(impl Door { fn open(&mut self) {} })
        )
        .contains(bound)
    );
    let own = made_of(
        quote!(derive(Serialize), attr(serde(bound = "T: Own"))),
        block.clone(),
    );
    assert_eq!(own.matches(bound).count(), 1);
}

#[test]
fn all_faults_of_a_block_are_told_at_once_and_the_rest_is_made() {
    let made = made_of(
        quote!(),
        quote! {
            impl Door {
                fn new() -> Self { Door }
                fn open(&mut self) {}
                fn close(self) {}
                fn paint(&mut self, colour: &str) {}
            }
        },
    );

    assert_eq!(made.matches("compile_error!").count(), 3);
    check_has(
        &made,
        quote!(
            enum DoorMsg {
                Open,
            }
        ),
    );
}
