//! Writes out what a block means: the block itself, the enum, the trait of the reference, and the `impl` of `Actor`.
//!
//! It finds no faults; whatever reaches it has been understood. Local names are hygienic, so that they never meet a user's.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Generics, Ident};

use crate::generics;
use crate::model::{Block, Hook, Kind, Message, Param, Returns};
use crate::options::Options;

/// Everything that is generated for a block.
pub(crate) fn block(block: &Block, options: &Options) -> TokenStream {
    let item = &block.item;
    if block.messages.is_empty() {
        // That is a fault, or all of them have one; nothing more is known of the actor.
        return quote!(#item);
    }
    let writer = Writer::new(block, options);
    let (message_enum, ref_trait) = (writer.message_enum(), writer.ref_trait());
    let (ref_impl, actor_impl) = (writer.ref_impl(), writer.actor_impl());
    quote! {
        #item
        #message_enum
        #ref_trait
        #ref_impl
        #actor_impl
    }
}

struct Writer<'a> {
    block: &'a Block,
    options: &'a Options,
    krate: TokenStream,
    msg: Ident,
    ref_trait: Ident,
    /// Of the enum and of the trait.
    generics: Generics,
    /// The `cfg`s of the whole block.
    cfgs: Vec<&'a Attribute>,
}

impl<'a> Writer<'a> {
    fn new(block: &'a Block, options: &'a Options) -> Self {
        let named = |chosen: &Option<Ident>, ending: &str| {
            (chosen.clone()).unwrap_or_else(|| format_ident!("{}{ending}", block.actor))
        };
        Writer {
            block,
            options,
            krate: options.krate(),
            msg: named(&options.msg, "Msg"),
            ref_trait: named(&options.ref_trait, "Ref"),
            generics: generics::of_messages(&block.item.generics, &block.messages),
            cfgs: (block.item.attrs.iter())
                .filter(|attr| attr.path().is_ident("cfg"))
                .collect(),
        }
    }

    /// The path of the crate, in something that is underlined where the user wrote what it is for.
    fn krate_at(&self, place: Span) -> TokenStream {
        let tokens = self.krate.clone().into_iter().map(|mut token| {
            token.set_span(place);
            token
        });
        tokens.collect()
    }

    fn message_enum(&self) -> TokenStream {
        let Writer { msg, cfgs, .. } = self;
        let vis = &self.block.vis;
        let doc = format!(" The messages of `{}`.", self.block.actor);
        let attrs = self.enum_attrs();
        let (params, _, bounds) = self.generics.split_for_impl();
        let variants = self.block.messages.iter().map(|message| {
            let Message {
                variant, carried, ..
            } = message;
            let reply = message.kind.answer().map(|answer| {
                let krate = self.krate_at(answer.span());
                quote_spanned!(answer.span()=> #krate::Reply<#answer>)
            });
            let fields: Vec<_> = fields(message).map(|(_, ty)| ty).chain(&reply).collect();
            match fields[..] {
                [] => quote!(#(#carried)* #variant,),
                _ => quote!(#(#carried)* #variant(#(#fields),*),),
            }
        });
        quote! {
            #(#cfgs)*
            #[doc = #doc]
            #attrs
            #vis enum #msg #params #bounds {
                #(#variants)*
            }
        }
    }

    fn enum_attrs(&self) -> TokenStream {
        let Options { derive, attrs, .. } = self.options;
        let derive = (!derive.is_empty()).then(|| quote!(#[derive(#(#derive),*)]));
        let bound = (self.options.derives_serde() && !self.options.has_serde_bound())
            .then(|| generics::serde_bound(&self.generics))
            .flatten()
            .map(|bound| quote!(#[serde(bound = #bound)]));
        quote!(#derive #bound #(#[#attrs])*)
    }

    fn ref_trait(&self) -> TokenStream {
        let Writer {
            ref_trait, cfgs, ..
        } = self;
        let vis = &self.block.vis;
        let doc = format!(
            " The messages of `{}` as methods of its reference.",
            self.block.actor
        );
        let (params, _, bounds) = self.generics.split_for_impl();
        let methods = self.block.messages.iter().map(|message| {
            let (carried, signature) = (&message.carried, self.signature(message));
            quote!(#(#carried)* #signature;)
        });
        // A message may be sent as a variant only, by a timer for instance; its method is no dead code then.
        quote! {
            #(#cfgs)*
            #[doc = #doc]
            #[allow(dead_code)]
            #vis trait #ref_trait #params #bounds {
                #(#methods)*
            }
        }
    }

    fn ref_impl(&self) -> TokenStream {
        let Writer {
            krate,
            msg,
            ref_trait,
            cfgs,
            ..
        } = self;
        let (params, arguments, bounds) = self.generics.split_for_impl();
        let methods = self.block.messages.iter().map(|message| {
            let signature = self.signature(message);
            let cfgs = message
                .carried
                .iter()
                .filter(|attr| attr.path().is_ident("cfg"));
            let body = self.ref_method(message);
            quote!(#(#cfgs)* #signature { #body })
        });
        quote! {
            #(#cfgs)*
            impl #params #ref_trait #arguments for #krate::ActorRef<#msg #arguments> #bounds {
                #(#methods)*
            }
        }
    }

    /// The head of a method of the reference.
    fn signature(&self, message: &Message) -> TokenStream {
        let msg = &self.msg;
        let (_, arguments, _) = self.generics.split_for_impl();
        let method = &message.method;
        let params = fields(message).map(|(name, ty)| quote!(#name: #ty));
        let span = method.span();
        let krate = self.krate_at(span);
        let output = match message.kind.answer() {
            None => quote_spanned!(span=> #krate::SendFuture<'_, #msg #arguments>),
            Some(answer) => quote_spanned! {span=>
                impl ::core::future::Future<Output = ::core::result::Result<#answer, #krate::AskError>>
                    + ::core::marker::Send
            },
        };
        quote_spanned!(span=> fn #method(&self #(, #params)*) -> #output)
    }

    fn ref_method(&self, message: &Message) -> TokenStream {
        let msg = &self.msg;
        let variant = &message.variant;
        let names: Vec<_> = fields(message).map(|(name, _)| name).collect();
        let span = at(message.method.span());
        let reply = local("reply", span);
        match (&message.kind, &names[..]) {
            (Kind::Tell { .. }, []) => quote_spanned!(span=> self.send(#msg::#variant)),
            (Kind::Tell { .. }, _) => quote_spanned!(span=> self.send(#msg::#variant(#(#names),*))),
            (_, []) => quote_spanned!(span=> self.ask(#msg::#variant)),
            _ => quote_spanned!(span=> self.ask(move |#reply| #msg::#variant(#(#names,)* #reply))),
        }
    }

    fn actor_impl(&self) -> TokenStream {
        let Writer {
            krate, msg, cfgs, ..
        } = self;
        let Block {
            item,
            started,
            signal,
            stopped,
            ..
        } = self.block;
        let (params, _, bounds) = item.generics.split_for_impl();
        let (_, arguments, _) = self.generics.split_for_impl();
        let self_ty = &item.self_ty;
        // Underlined where the compiler has something to say about the enum: the type that the block is for.
        let msg_type = quote_spanned!(self_ty.span()=> type Msg = #msg #arguments;);
        let handle = self.handle();
        let started = (started.as_ref()).map(|hook| self.hook(hook, "started", None));
        let signal = signal.as_ref().map(|hook| {
            let signal = given("signal", &hook.params, &|it| matches!(it, Param::Signal));
            self.hook(hook, "signal", Some(quote!(#signal: #krate::Signal,)))
        });
        let stopped = stopped.as_ref().map(|hook| {
            let reason = given("reason", &hook.params, &|it| matches!(it, Param::Reason));
            self.hook(hook, "stopped", Some(quote!(#reason: &#krate::ExitReason,)))
        });
        quote! {
            #(#cfgs)*
            impl #params #krate::Actor for #self_ty #bounds {
                #msg_type
                #started
                #handle
                #signal
                #stopped
            }
        }
    }

    fn handle(&self) -> TokenStream {
        let krate = &self.krate;
        let arms = self.block.messages.iter().map(|message| self.arm(message));
        let msg = local("msg", Span::call_site());
        let params = self.block.messages.iter().flat_map(|it| &it.params);
        let ctx = given("ctx", params, &|it| matches!(it, Param::Ctx));
        quote! {
            async fn handle(&mut self, #msg: Self::Msg, #ctx: &mut #krate::Context<Self>) -> #krate::ActorResult {
                match #msg {
                    #(#arms)*
                }
                ::core::result::Result::Ok(())
            }
        }
    }

    fn arm(&self, message: &Message) -> TokenStream {
        let msg = &self.msg;
        let Message {
            variant, carried, ..
        } = message;
        let cfgs = carried.iter().filter(|attr| attr.path().is_ident("cfg"));
        let span = at(message.method.span());
        let reply = local("reply", span);
        let names = fields(message).map(|(name, _)| name);
        let names: Vec<_> = names.chain(message.kind.answer().map(|_| &reply)).collect();
        let pattern = match names[..] {
            [] => quote_spanned!(span=> #msg::#variant),
            _ => quote_spanned!(span=> #msg::#variant(#(#names),*)),
        };
        let call = |span| call(&message.method, &message.params, message.is_async, span);
        let deed = match message.kind {
            Kind::Ask { .. } => {
                let answer = call(span);
                quote_spanned!(span=> #reply.send(#answer))
            }
            Kind::Tell { returns } | Kind::Deferred { returns, .. } => match returns {
                Returns::Nothing => call(span),
                Returns::Result(span) => {
                    // What does not convert to a failure is underlined where it is promised.
                    let result = call(at(span));
                    quote_spanned!(at(span)=> #result?)
                }
            },
        };
        quote!(#(#cfgs)* #pattern => #deed,)
    }

    fn hook(&self, hook: &Hook, name: &str, told: Option<TokenStream>) -> TokenStream {
        let krate = &self.krate;
        let name = Ident::new(name, Span::call_site());
        let carried = &hook.carried;
        let ctx = given("ctx", &hook.params, &|it| matches!(it, Param::Ctx));
        let call = call(
            &hook.method,
            &hook.params,
            hook.is_async,
            at(hook.method.span()),
        );
        let (output, body) = match hook.returns {
            _ if name == "stopped" => (quote!(), quote!(#call;)),
            Returns::Nothing => (
                quote!(-> #krate::ActorResult),
                quote!(#call; ::core::result::Result::Ok(())),
            ),
            Returns::Result(_) => (quote!(-> #krate::ActorResult), call),
        };
        quote! {
            #(#carried)*
            async fn #name(&mut self, #told #ctx: &mut #krate::Context<Self>) #output {
                #body
            }
        }
    }
}

/// The fields of a message, without its reply.
fn fields(message: &Message) -> impl Iterator<Item = (&Ident, &TokenStream)> {
    message.params.iter().filter_map(|param| match param {
        Param::Field { name, ty } => Some((name, ty)),
        _ => None,
    })
}

/// Calls a method of the block. By its path: a method of a trait with the same name is never meant.
fn call(method: &Ident, params: &[Param], is_async: bool, span: Span) -> TokenStream {
    let params = params.iter().map(|param| match param {
        Param::Ctx => local("ctx", span),
        Param::Reply => local("reply", span),
        Param::Signal => local("signal", span),
        Param::Reason => local("reason", span),
        Param::Field { name, .. } => name.clone(),
    });
    let wait = is_async.then(|| quote_spanned!(span=> .await));
    quote_spanned!(span=> Self::#method(self #(, #params)*) #wait)
}

/// A name that no name of the user is the same as.
fn local(name: &str, place: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(place))
}

/// Something of ours that is underlined where the user wrote what it is for.
fn at(place: Span) -> Span {
    Span::call_site().located_at(place)
}

/// A parameter of ours, with an underscore where nobody wants it.
fn given<'a>(
    name: &str,
    params: impl IntoIterator<Item = &'a Param>,
    is_it: &dyn Fn(&Param) -> bool,
) -> Ident {
    let unused = if params.into_iter().any(is_it) {
        ""
    } else {
        "_"
    };
    local(&format!("{unused}{name}"), Span::call_site())
}
