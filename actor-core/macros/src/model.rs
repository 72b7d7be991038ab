//! What a block says, once it is understood: messages and hooks. Made by `read`, written out by `expand`.

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, Ident, ItemImpl, Visibility};

/// One `#[messages]` block.
pub(crate) struct Block {
    /// As the user wrote it, without the attributes that are ours.
    pub(crate) item: ItemImpl,
    /// The name of the actor's type, without path and parameters.
    pub(crate) actor: Ident,
    /// How visible the messages are, and with them the enum and the trait.
    pub(crate) vis: Visibility,
    pub(crate) messages: Vec<Message>,
    pub(crate) started: Option<Hook>,
    pub(crate) signal: Option<Hook>,
    pub(crate) stopped: Option<Hook>,
}

/// A method that handles a message.
pub(crate) struct Message {
    pub(crate) method: Ident,
    pub(crate) variant: Ident,
    /// Its documentation and its `cfg`s, which hold for everything that is generated for it.
    pub(crate) carried: Vec<Attribute>,
    pub(crate) is_async: bool,
    pub(crate) params: Vec<Param>,
    pub(crate) kind: Kind,
}

/// What the caller waits for.
pub(crate) enum Kind {
    /// For room only.
    Tell { returns: Returns },
    /// For what the method returns.
    Ask { answer: TokenStream },
    /// For what is sent through the reply, now or later.
    Deferred {
        answer: TokenStream,
        returns: Returns,
    },
}

impl Kind {
    /// The type of the answer, where there is one.
    pub(crate) fn answer(&self) -> Option<&TokenStream> {
        match self {
            Kind::Tell { .. } => None,
            Kind::Ask { answer } | Kind::Deferred { answer, .. } => Some(answer),
        }
    }
}

/// What a method that answers nobody returns.
#[derive(Clone, Copy)]
pub(crate) enum Returns {
    Nothing,
    /// A result whose error is a failure of the actor; and where it is written.
    Result(Span),
}

/// A parameter, besides `self`.
pub(crate) enum Param {
    Ctx,
    Reply,
    /// A field of the message, `Self` replaced.
    Field {
        name: Ident,
        ty: TokenStream,
    },
    /// What the hook of that name is told.
    Signal,
    /// What the hook `stopped` is told.
    Reason,
}

/// A method that is called at a point of the actor's life.
pub(crate) struct Hook {
    pub(crate) method: Ident,
    /// Its `cfg`s.
    pub(crate) carried: Vec<Attribute>,
    pub(crate) is_async: bool,
    pub(crate) params: Vec<Param>,
    pub(crate) returns: Returns,
}
