//! Reads one method: a message or a hook, what it is called with, what it returns.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident};
use syn::spanned::Spanned;
use syn::{
    Attribute, FnArg, Ident, ImplItemFn, Meta, Pat, PatType, ReceiverKind, ReturnType, Safety,
    Signature, Type,
};

use crate::faults::Faults;
use crate::model::{Hook, Kind, Message, Param, Returns};
use crate::{names, types};

/// What a method turned out to be.
pub(super) enum Role {
    Message(Message),
    Hook(Mark, Hook),
}

/// An attribute that says what a method is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mark {
    Started,
    Signal,
    Stopped,
    Ask,
    Tell,
}

impl Mark {
    const ALL: [Mark; 5] = [
        Mark::Started,
        Mark::Signal,
        Mark::Stopped,
        Mark::Ask,
        Mark::Tell,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Mark::Started => "started",
            Mark::Signal => "signal",
            Mark::Stopped => "stopped",
            Mark::Ask => "ask",
            Mark::Tell => "tell",
        }
    }
}

/// Takes our attributes off a method.
pub(super) fn take_marks(attrs: &mut Vec<Attribute>, faults: &mut Faults) -> Vec<Mark> {
    let mut marks = Vec::new();
    attrs.retain(|attr| {
        let Some(mark) = (Mark::ALL.into_iter()).find(|it| attr.path().is_ident(it.name())) else {
            return true;
        };
        if !matches!(attr.meta, Meta::Path(_)) {
            faults.add(attr, format!("`#[{}]` takes nothing", mark.name()));
        }
        if let Some(first) = marks.first() {
            let first: &Mark = first;
            faults.add(
                attr,
                format!(
                    "a method is one thing; this one is `#[{}]` already",
                    first.name()
                ),
            );
        } else {
            marks.push(mark);
        }
        false
    });
    marks
}

/// Understands a method, or says what is wrong with it.
pub(super) fn read(
    method: &ImplItemFn,
    marks: &[Mark],
    self_ty: &Type,
    faults: &mut Faults,
) -> Option<Role> {
    let mut reader = Reader {
        method,
        self_ty,
        faults,
        is_sound: true,
    };
    let role = match marks.first() {
        Some(&mark) if mark != Mark::Ask && mark != Mark::Tell => {
            reader.shape("a hook");
            Role::Hook(mark, reader.hook(mark))
        }
        mark => {
            reader.shape("a message");
            Role::Message(reader.message(mark.copied())?)
        }
    };
    reader.is_sound.then_some(role)
}

struct Reader<'a> {
    method: &'a ImplItemFn,
    self_ty: &'a Type,
    faults: &'a mut Faults,
    is_sound: bool,
}

impl Reader<'_> {
    fn fault(&mut self, place: impl ToTokens, text: impl std::fmt::Display) {
        self.is_sound = false;
        self.faults.add(place, text);
    }

    fn sig(&self) -> &Signature {
        &self.method.sig
    }

    /// What holds for every method of the block.
    fn shape(&mut self, what: &str) {
        let method = self.method;
        let sig = &method.sig;
        let receiver = match sig.receiver() {
            Some(receiver) => receiver,
            None => {
                return self.fault(
                    &sig.ident,
                    format!(
                        "{what} is a method: its first parameter is `&mut self`; \
                         move other functions to an `impl` block of their own"
                    ),
                );
            }
        };
        match &receiver.kind {
            ReceiverKind::Reference(..) => {}
            ReceiverKind::Typed(_, ty) if matches!(**ty, Type::Reference(_)) => {}
            _ => self.fault(
                receiver,
                format!(
                    "{what} borrows the actor, which handles further messages afterwards: write `&mut self`; \
                     to end the actor call `ctx.stop()`"
                ),
            ),
        }
        if let Some(param) = sig.generics.params.first() {
            self.fault(
                &sig.generics,
                format!(
                    "{what} has no parameters of its own, as the enum has one variant for it; \
                     make `{}` a parameter of the `impl` block",
                    types::compact(param)
                ),
            );
        }
        if let Some(clause) = &sig.generics.where_clause {
            self.fault(
                clause,
                format!("{what} has no bounds of its own; put them on the `impl` block"),
            );
        }
        if let Safety::Unsafe(token) = &sig.safety {
            self.fault(
                token,
                format!("{what} is called by the actor itself, so it cannot be `unsafe`"),
            );
        }
        if let Some(variadic) = &sig.variadic {
            self.fault(variadic, format!("{what} has a fixed number of parameters"));
        }
    }

    /// The parameters besides `self`.
    fn typed(&self) -> Vec<PatType> {
        (self.sig().inputs.iter())
            .filter_map(|input| match input {
                FnArg::Typed(param) => Some(param.clone()),
                FnArg::Receiver(_) => None,
            })
            .collect()
    }

    fn message(&mut self, mark: Option<Mark>) -> Option<Message> {
        let method = &self.method.sig.ident;
        if names::is_taken(method) {
            self.fault(
                method,
                format!("every reference has a method `{method}` of its own, which would be called instead; rename this one"),
            );
        }
        let variant = names::variant(method);
        if variant.is_none() {
            self.fault(
                method,
                "this makes no name for a message; rename the method",
            );
        }
        let (params, deferred) = self.message_params();
        let kind = self.kind(mark, deferred);
        Some(Message {
            method: method.clone(),
            variant: variant?,
            carried: carried(&self.method.attrs, &["doc", "cfg"]),
            is_async: self.sig().asyncness.is_some(),
            params,
            kind: kind?,
        })
    }

    /// The parameters of a message, and the type of the reply among them.
    fn message_params(&mut self) -> (Vec<Param>, Option<Type>) {
        let mut params = Vec::new();
        let mut deferred = None;
        let mut has_ctx = false;
        for (index, param) in self.typed().iter().enumerate() {
            let ty = &*param.ty;
            if types::is_context(ty) {
                if std::mem::replace(&mut has_ctx, true) {
                    self.fault(
                        param,
                        "there is one context; this is the second parameter for it",
                    );
                }
                params.push(Param::Ctx);
            } else if types::is_called(ty, "Reply") {
                if deferred.replace(ty.clone()).is_some() {
                    self.fault(param, "a message has one reply; this is the second");
                }
                params.push(Param::Reply);
            } else {
                self.owned(ty, "a message");
                params.push(Param::Field {
                    name: field_name(&param.pat, index),
                    ty: self.without_self(ty),
                });
            }
        }
        (params, deferred)
    }

    fn kind(&mut self, mark: Option<Mark>, deferred: Option<Type>) -> Option<Kind> {
        let method = self.method;
        let output = returned(&method.sig.output);
        if let Some(reply) = deferred {
            return self.deferred(mark, &reply, output);
        }
        match (mark, output) {
            (Some(Mark::Ask), None) => Some(Kind::Ask {
                answer: quote::quote!(()),
            }),
            (_, None) => Some(Kind::Tell {
                returns: Returns::Nothing,
            }),
            (Some(Mark::Tell), Some(ty)) => Some(Kind::Tell {
                returns: Returns::Result(ty.span()),
            }),
            (None, Some(ty)) if types::is_called(ty, "ActorResult") => Some(Kind::Tell {
                returns: Returns::Result(ty.span()),
            }),
            (_, Some(ty)) => {
                self.owned(ty, "an answer");
                Some(Kind::Ask {
                    answer: self.without_self(ty),
                })
            }
        }
    }

    fn deferred(
        &mut self,
        mark: Option<Mark>,
        reply: &Type,
        output: Option<&Type>,
    ) -> Option<Kind> {
        if mark == Some(Mark::Tell) {
            self.fault(
                reply,
                "a message with a reply is an ask; remove `#[tell]`, or the reply",
            );
        }
        let returns = match output {
            None => Returns::Nothing,
            Some(ty) if types::is_called(ty, "ActorResult") => Returns::Result(ty.span()),
            Some(ty) => {
                self.fault(
                    ty,
                    "the answer goes through the reply; the method itself returns nothing, or `ActorResult`",
                );
                return None;
            }
        };
        let Some(answer) = types::answer_of(reply) else {
            self.fault(reply, "say what the answer is: `Reply<u64>`");
            return None;
        };
        self.owned(answer, "an answer");
        Some(Kind::Deferred {
            answer: self.without_self(answer),
            returns,
        })
    }

    fn hook(&mut self, mark: Mark) -> Hook {
        Hook {
            method: self.sig().ident.clone(),
            carried: carried(&self.method.attrs, &["cfg"]),
            is_async: self.sig().asyncness.is_some(),
            params: self.hook_params(mark),
            returns: self.hook_returns(mark),
        }
    }

    fn hook_params(&mut self, mark: Mark) -> Vec<Param> {
        let (mut told, takes) = match mark {
            Mark::Signal => (Some(Param::Signal), "`Signal`, `&mut Context<Self>`"),
            Mark::Stopped => (Some(Param::Reason), "`&ExitReason`, `&mut Context<Self>`"),
            _ => (None, "`&mut Context<Self>`"),
        };
        let mut ctx = Some(Param::Ctx);
        let mut params = Vec::new();
        for param in &self.typed() {
            let wanted = if types::is_context(&param.ty) {
                &mut ctx
            } else {
                &mut told
            };
            match wanted.take() {
                Some(wanted) => params.push(wanted),
                None => self.fault(
                    param,
                    format!("a `#[{}]` method takes no more than {takes}", mark.name()),
                ),
            }
        }
        params
    }

    fn hook_returns(&mut self, mark: Mark) -> Returns {
        let method = self.method;
        match returned(&method.sig.output) {
            None => Returns::Nothing,
            Some(ty) if mark == Mark::Stopped => {
                self.fault(
                    ty,
                    "a `#[stopped]` method returns nothing: the actor has ended already",
                );
                Returns::Nothing
            }
            Some(ty) => {
                if !types::is_called(ty, "ActorResult") {
                    let text = format!(
                        "a `#[{}]` method returns nothing, or `ActorResult`",
                        mark.name()
                    );
                    self.fault(ty, text);
                }
                Returns::Result(ty.span())
            }
        }
    }

    fn owned(&mut self, ty: &Type, what: &str) {
        let mut found = Faults::default();
        types::check_owned(ty, what, &mut found);
        if let Some(error) = found.into_error() {
            self.is_sound = false;
            self.faults.add_error(error);
        }
    }

    fn without_self(&self, ty: &Type) -> TokenStream {
        types::without_self(ty.to_token_stream(), self.self_ty)
    }
}

/// What is returned, unless that is nothing.
fn returned(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Type(_, ty) if !types::is_unit(ty) => Some(ty),
        _ => None,
    }
}

/// The attributes that hold for what is generated, too.
fn carried(attrs: &[Attribute], names: &[&str]) -> Vec<Attribute> {
    (attrs.iter())
        .filter(|attr| names.iter().any(|name| attr.path().is_ident(name)))
        .cloned()
        .collect()
}

/// The name of the parameter, or one made up where it is a pattern.
fn field_name(pat: &Pat, index: usize) -> Ident {
    match pat {
        Pat::Ident(pat) if pat.subpat.is_none() => pat.ident.clone(),
        _ => format_ident!("arg{index}"),
    }
}
