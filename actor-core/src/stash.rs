//! The stash: messages that an actor has put aside until it can handle them.
//!
//! Every message has a place: how many had begun when it began for the first time, and then the order in which they were put aside. The stash is kept in the order of places, whatever the
//! order in which messages were put aside, and a message that came back and is put aside again keeps its place. What comes back goes in
//! front of what was drawn, so the path of ordinary messages knows nothing of it. Pure; the inbox keeps the accounts with the cell.

use std::collections::VecDeque;
use std::fmt;

use crate::error::Returned;
use crate::mailbox::batch::Batch;
use crate::mailbox::queue::{Extra, Item};

/// A message was not put aside, since the stash is full.
///
/// It is what [`Context::stash`](crate::Context::stash) fails with. The message comes back; trying again makes sense after
/// [`Context::unstash_all`](crate::Context::unstash_all) and some handling.
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// struct Picky;
///
/// impl Actor for Picky {
///     type Msg = u32;
///
///     async fn handle(&mut self, msg: u32, ctx: &mut Context<Self>) -> ActorResult {
///         if let Err(full) = ctx.stash(msg) {
///             assert_eq!(full.to_string(), "the stash takes no more (see `Mailbox::stash`); a message of u32 came back");
///             assert_eq!(full.into_message(), 2);
///             ctx.stop();
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let picky = system.actor(Picky).mailbox(Mailbox::bounded(8).stash(1)).spawn();
/// picky.send(1).await?;
/// picky.send(2).await?;
/// assert_eq!(picky.wait().await, ExitReason::Normal);
/// # Ok(()) }
/// ```
pub struct StashFull<M>(Returned<M>);

impl<M> StashFull<M> {
    pub(crate) fn new(message: M) -> Self {
        StashFull(Returned::new(message))
    }

    /// The message. The example stands with [`StashFull`].
    #[must_use]
    pub fn into_message(self) -> M {
        self.0.into_inner()
    }
}

impl<M> fmt::Debug for StashFull<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StashFull")
    }
}

impl<M> fmt::Display for StashFull<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = std::any::type_name::<M>();
        write!(
            f,
            "the stash takes no more (see `Mailbox::stash`); a message of {message} came back"
        )
    }
}

impl<M> std::error::Error for StashFull<M> {}

/// Where a message stands among all that were put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    begun: u64,
    serial: u64,
}

/// See the module's header.
pub(crate) struct Stash<M> {
    /// By place.
    held: VecDeque<(Place, M)>,
    /// How many came back and have not begun again.
    returned: usize,
    /// The place of the message in hand, if it came back, and how many messages had begun then: once another one begins, this is void.
    in_hand: Option<(Place, u64)>,
    next_serial: u64,
}

impl<M> Stash<M> {
    pub(crate) fn new() -> Self {
        Stash {
            held: VecDeque::new(),
            returned: 0,
            in_hand: None,
            next_serial: 0,
        }
    }

    /// Messages put aside.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// How much of the bound is used: what came back counts until it begins again.
    pub(crate) fn occupied(&self) -> usize {
        self.held.len() + self.returned
    }

    /// Puts the message in hand aside. `begun` is how many have begun so far.
    pub(crate) fn put(&mut self, begun: u64, message: M) {
        let place = match self.in_hand {
            Some((place, at)) if at == begun => place,
            _ => {
                self.next_serial += 1;
                Place {
                    begun,
                    serial: self.next_serial,
                }
            }
        };
        self.insert(place, message);
    }

    /// Everything comes back, by place, in front of what was drawn; also before and between what came back earlier.
    pub(crate) fn return_all(&mut self, drawn: &mut Batch<M>) {
        self.merge_returned(drawn);
        self.returned = self.held.len();
        let returned = |(place, message)| Item::Extra(Box::new(Extra::Returned(place, message)));
        drawn.put_front(self.held.drain(..).map(returned));
    }

    /// A message that came back begins again.
    pub(crate) fn begin(&mut self, begun: u64, place: Place) {
        self.returned -= 1;
        self.in_hand = Some((place, begun));
    }

    /// Nothing is in hand any more.
    pub(crate) fn put_down(&mut self) {
        self.in_hand = None;
    }

    /// The incarnation is over: everything returns in front of what was drawn, as the ordinary messages that they were.
    pub(crate) fn put_back(&mut self, drawn: &mut Batch<M>) {
        self.merge_returned(drawn);
        self.returned = 0;
        drawn.put_front(
            self.held
                .drain(..)
                .map(|(_, message)| Item::Message(message)),
        );
    }

    /// Takes what came back, which stands in front of everything else, into the stash again.
    fn merge_returned(&mut self, drawn: &mut Batch<M>) {
        while let Some((place, message)) = pop_returned(drawn) {
            self.insert(place, message);
        }
    }

    fn insert(&mut self, place: Place, message: M) {
        let index = self.held.partition_point(|(other, _)| *other <= place);
        self.held.insert(index, (place, message));
    }
}

fn pop_returned<M>(drawn: &mut Batch<M>) -> Option<(Place, M)> {
    let is_returned = |item: &Item<M>| matches!(item, Item::Extra(extra) if matches!(**extra, Extra::Returned(..)));
    match drawn.next_if(is_returned)? {
        Item::Extra(extra) => match *extra {
            Extra::Returned(place, message) => Some((place, message)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
