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
    let writer = Writer::new(block, options);
    let item = &block.item;
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

    fn message_enum(&self) -> TokenStream {
        let Writer {
            krate, msg, cfgs, ..
        } = self;
        let vis = &self.block.vis;
        let doc = format!(" The messages of `{}`.", self.block.actor);
        let attrs = self.enum_attrs();
        let (params, _, bounds) = self.generics.split_for_impl();
        let variants = self.block.messages.iter().map(|message| {
            let Message {
                variant, carried, ..
            } = message;
            let reply = message
                .kind
                .answer()
                .map(|answer| quote!(#krate::Reply<#answer>));
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
        let Writer { krate, msg, .. } = self;
        let (_, arguments, _) = self.generics.split_for_impl();
        let method = &message.method;
        let params = fields(message).map(|(name, ty)| quote!(#name: #ty));
        let output = match message.kind.answer() {
            None => quote!(#krate::SendFuture<'_, #msg #arguments>),
            Some(answer) => quote! {
                impl ::core::future::Future<Output = ::core::result::Result<#answer, #krate::AskError>>
                    + ::core::marker::Send
            },
        };
        quote!(fn #method(&self #(, #params)*) -> #output)
    }

    fn ref_method(&self, message: &Message) -> TokenStream {
        let msg = &self.msg;
        let variant = &message.variant;
        let names: Vec<_> = fields(message).map(|(name, _)| name).collect();
        let reply = local("reply");
        match (&message.kind, &names[..]) {
            (Kind::Tell { .. }, []) => quote!(self.send(#msg::#variant)),
            (Kind::Tell { .. }, _) => quote!(self.send(#msg::#variant(#(#names),*))),
            (_, []) => quote!(self.ask(#msg::#variant)),
            _ => quote!(self.ask(move |#reply| #msg::#variant(#(#names,)* #reply))),
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
        let result = quote!(#krate::ActorResult);
        let started = started
            .as_ref()
            .map(|hook| self.hook(hook, "started", None, &result));
        let signal = signal
            .as_ref()
            .map(|hook| self.hook(hook, "signal", Some(quote!(#krate::Signal)), &result));
        let stopped = stopped.as_ref().map(|hook| {
            self.hook(
                hook,
                "stopped",
                Some(quote!(&#krate::ExitReason)),
                &quote!(()),
            )
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
        let (msg, ctx) = (
            local("msg"),
            ctx(self.block.messages.iter().flat_map(|it| &it.params)),
        );
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
        let reply = local("reply");
        let names = fields(message).map(|(name, _)| name);
        let names: Vec<_> = names.chain(message.kind.answer().map(|_| &reply)).collect();
        let pattern = match names[..] {
            [] => quote!(#msg::#variant),
            _ => quote!(#msg::#variant(#(#names),*)),
        };
        let call = call(&message.method, &message.params, None, message.is_async);
        let deed = match message.kind {
            Kind::Ask { .. } => quote!(#reply.send(#call)),
            Kind::Tell { returns } | Kind::Deferred { returns, .. } => match returns {
                Returns::Nothing => call,
                Returns::Result => quote!(#call?),
            },
        };
        quote!(#(#cfgs)* #pattern => #deed,)
    }

    fn hook(
        &self,
        hook: &Hook,
        name: &str,
        told: Option<TokenStream>,
        result: &TokenStream,
    ) -> TokenStream {
        let krate = &self.krate;
        let name = local(name);
        let (told_name, ctx) = (self.told_name(hook, &name), ctx(&hook.params));
        let told = told.map(|ty| quote!(#told_name: #ty,));
        let carried = &hook.carried;
        let call = call(&hook.method, &hook.params, Some(&told_name), hook.is_async);
        let is_result = name != "stopped";
        let (output, body) = match hook.returns {
            Returns::Nothing if is_result => (
                quote!(-> #result),
                quote!(#call; ::core::result::Result::Ok(())),
            ),
            Returns::Nothing => (quote!(), quote!(#call;)),
            Returns::Result => (quote!(-> #result), call),
        };
        quote! {
            #(#carried)*
            async fn #name(&mut self, #told #ctx: &mut #krate::Context<Self>) #output {
                #body
            }
        }
    }

    fn told_name(&self, hook: &Hook, name: &Ident) -> Ident {
        let is_used = hook.params.iter().any(|param| matches!(param, Param::Told));
        let told = if name == "signal" { "signal" } else { "reason" };
        local(&format!("{}{told}", if is_used { "" } else { "_" }))
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
fn call(method: &Ident, params: &[Param], told: Option<&Ident>, is_async: bool) -> TokenStream {
    let params = params.iter().map(|param| match param {
        Param::Ctx => local("ctx"),
        Param::Reply => local("reply"),
        Param::Field { name, .. } => name.clone(),
        Param::Told => told.cloned().unwrap_or_else(|| local("told")),
    });
    let wait = is_async.then(|| quote!(.await));
    quote!(Self::#method(self #(, #params)*) #wait)
}

/// A name that no name of the user is the same as.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

fn ctx<'a>(params: impl IntoIterator<Item = &'a Param>) -> Ident {
    let is_used = params.into_iter().any(|param| matches!(param, Param::Ctx));
    local(if is_used { "ctx" } else { "_ctx" })
}
