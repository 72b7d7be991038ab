//! Reads an `impl` block: which methods are messages, which are hooks, and what is wrong with the rest.
//!
//! It knows the rules that the documentation of `#[messages]` states; `method` those of one method. It generates nothing.

mod method;

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Ident, ImplItem, ImplItemFn, ItemImpl, Type, Visibility};

use crate::faults::Faults;
use crate::model::{Block, Hook, Message};
use method::{Mark, Role};

/// The block, as far as it can be understood; `None` when nothing can be generated from it.
pub(crate) fn block(tokens: TokenStream, faults: &mut Faults) -> Option<Block> {
    let item: ItemImpl = match syn::parse2(tokens.clone()) {
        Ok(item) => item,
        Err(error) => {
            not_an_impl(tokens, error, faults);
            return None;
        }
    };
    let actor = head(&item, faults)?;
    let mut reader = Reader {
        block: Block {
            item,
            actor,
            vis: Visibility::Inherited,
            messages: Vec::new(),
            started: None,
            signal: None,
            stopped: None,
        },
        first_vis: None,
        variants: HashMap::new(),
    };
    reader.items(faults);
    Some(reader.block)
}

fn not_an_impl(tokens: TokenStream, error: syn::Error, faults: &mut Faults) {
    // Something else that parses is in the wrong place; something that does not is a slip of the pen.
    match syn::parse2::<syn::Item>(tokens) {
        Ok(_) => faults.add_error(syn::Error::new(
            proc_macro2::Span::call_site(),
            "`#[messages]` stands on the `impl` block with the methods of an actor: `#[messages] impl Counter { … }`",
        )),
        Err(_) => faults.add_error(error),
    }
}

/// The name of the actor, from the first line of the block.
fn head(item: &ItemImpl, faults: &mut Faults) -> Option<Ident> {
    if let Some((path, _)) = &item.trait_ {
        faults.add(
            path,
            "`#[messages]` stands on an `impl` block of the type itself; the `impl` of `Actor` is what it writes",
        );
        return None;
    }
    if let Some(lifetime) = item.generics.lifetimes().next() {
        faults.add(
            lifetime,
            "an actor cannot borrow: it lives until it is stopped, so its type has no lifetimes but `'static`",
        );
        return None;
    }
    let name = match &*item.self_ty {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    };
    if name.is_none() {
        faults.add(
            &item.self_ty,
            "an actor is a type with a name: a struct or an enum",
        );
    }
    name.map(|segment| segment.ident.clone())
}

struct Reader {
    block: Block,
    /// How visible the first message is; all are alike.
    first_vis: Option<Visibility>,
    /// The names of the messages so far, each with its method.
    variants: HashMap<String, Ident>,
}

impl Reader {
    fn items(&mut self, faults: &mut Faults) {
        let mut items = std::mem::take(&mut self.block.item.items);
        for item in &mut items {
            match item {
                ImplItem::Fn(method) => self.method(method, faults),
                other => faults.add(
                    other,
                    "only messages and hooks stand in this block; move it to an `impl` block of its own",
                ),
            }
        }
        if self.block.messages.is_empty() && self.first_vis.is_none() {
            faults.add(
                &self.block.item.self_ty,
                "no message in this block; a method becomes one: `pub async fn add(&mut self, n: u64) { … }`",
            );
        }
        self.block.item.items = items;
    }

    fn method(&mut self, method: &mut ImplItemFn, faults: &mut Faults) {
        let marks = method::take_marks(&mut method.attrs, faults);
        let self_ty = self.block.item.self_ty.clone();
        match method::read(method, &marks, &self_ty, faults) {
            Some(Role::Message(message)) => {
                self.visible_like_the_others(&method.vis, &message.method, faults);
                self.message(message, faults);
            }
            Some(Role::Hook(mark, hook)) => self.hook(mark, hook, faults),
            // Said already; that it is there counts for what is said of the block as a whole.
            None => drop(self.first_vis.get_or_insert_with(|| method.vis.clone())),
        }
    }

    fn visible_like_the_others(&mut self, vis: &Visibility, method: &Ident, faults: &mut Faults) {
        let Some(first) = &self.first_vis else {
            self.first_vis = Some(vis.clone());
            self.block.vis = vis.clone();
            return;
        };
        let (first, this) = (spelling(first), spelling(vis));
        if first != this {
            faults.add(
                method,
                format!(
                    "this message is {this}, the first one is {first}: they become variants of one enum, and a \
                     variant is as visible as the enum; make them alike"
                ),
            );
        }
    }

    fn message(&mut self, message: Message, faults: &mut Faults) {
        let name = message.variant.to_string();
        if let Some(first) = self.variants.get(&name)
            && *first != message.method
        {
            faults.add(
                &message.method,
                format!("`{first}` makes a message `{name}`, too; rename one of them"),
            );
            return;
        }
        // The same method twice is alternatives of `cfg`; if it is not, the compiler says so.
        self.variants.insert(name, message.method.clone());
        self.block.messages.push(message);
    }

    fn hook(&mut self, mark: Mark, hook: Hook, faults: &mut Faults) {
        let place = match mark {
            Mark::Started => &mut self.block.started,
            Mark::Signal => &mut self.block.signal,
            _ => &mut self.block.stopped,
        };
        match place {
            Some(first) => faults.add(
                &hook.method,
                format!(
                    "`{}` is `#[{}]` already; an actor has one such hook, which may call both",
                    first.method,
                    mark.name()
                ),
            ),
            none => *none = Some(hook),
        }
    }
}

fn spelling(vis: &Visibility) -> String {
    match vis {
        Visibility::Inherited => "private".to_owned(),
        vis => format!("`{}`", crate::types::compact(&vis.to_token_stream())),
    }
}
