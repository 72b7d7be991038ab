//! Work beside an actor: futures, streams and blocking calls, whose results it handles as its own messages.
//!
//! Each piece of work runs in a task of its own, so it goes on while a handler waits or blocks. A result never stands in the mailbox
//! itself: it lies in the [`Flow`] that the task shares with the incarnation, and the mailbox holds a token for it. So the token keeps
//! the order, needs no room, and is void once the work was taken back or its incarnation is over. The next item of a stream is asked for
//! when the last one has been handled: one outstanding item each, and a stream that is always ready takes turns with the mailbox.
//!
//! Called by the context, which starts work and takes it back, and by the inbox, which comes upon tokens. It never runs user code under
//! a lock, nor waits in the actor's own task.
//!
//! | stage of a flow | left by |
//! |---|---|
//! | idle | a delivery |
//! | waiting: a result is in the flow, its token in the mailbox | the inbox, which takes it |
//! | in hand | the inbox, when it looks for what is next: idle again |
//! | closed | nobody |

mod flow;
mod task;

use std::collections::BTreeMap;

use crate::AskError;
use crate::runtime::Task;
use crate::sync::Arc;

pub(crate) use flow::{Flow, Taken};
pub(crate) use task::{run_blocking, run_future, run_stream};

/// Names one piece of work of an actor; see [`Context::detach`](crate::Context::detach).
///
/// # Examples
///
/// ```
/// # use actor_core::prelude::*;
/// use actor_core::WorkId;
///
/// enum Msg { Search(String), Found(usize) }
///
/// #[derive(Default)]
/// struct Finder { search: Option<WorkId> }
///
/// # async fn look_up(what: String) -> usize { what.len() }
/// impl Actor for Finder {
///     type Msg = Msg;
///
///     async fn handle(&mut self, msg: Msg, ctx: &mut Context<Self>) -> ActorResult {
///         match msg {
///             Msg::Search(what) => {
///                 // A new search replaces the one before.
///                 if let Some(old) = self.search.replace(ctx.pipe(look_up(what), Msg::Found)) {
///                     ctx.detach(old);
///                 }
///             }
///             Msg::Found(count) => assert_eq!(count, 3),
///         }
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let system = ActorSystem::new("demo");
/// let finder = system.spawn(Finder::default());
/// finder.send(Msg::Search("one".to_owned())).await?;
/// finder.send(Msg::Search("two".to_owned())).await?;
/// let weak = finder.downgrade();
/// drop(finder);
/// # while weak.upgrade().is_some() { tokio::task::yield_now().await }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkId(pub(crate) u64);

/// The work of one incarnation that has not ended.
pub(crate) struct Work<M: Send + 'static> {
    /// In the order of their start, so that the end of an incarnation is the same every time.
    pieces: BTreeMap<u64, Piece<M>>,
    in_hand: Option<InHand<M>>,
}

struct Piece<M: Send + 'static> {
    flow: Arc<Flow<M>>,
    /// Ends with this.
    _task: Task,
}

/// A result that is being handled. Dropping it lets the work go on.
pub(crate) struct InHand<M: Send + 'static>(Arc<Flow<M>>);

impl<M: Send + 'static> Drop for InHand<M> {
    fn drop(&mut self) {
        self.0.handled();
    }
}

impl<M: Send + 'static> Work<M> {
    pub(crate) fn new() -> Self {
        Work {
            pieces: BTreeMap::new(),
            in_hand: None,
        }
    }

    pub(crate) fn add(&mut self, flow: Arc<Flow<M>>, task: Task) {
        self.pieces.insert(flow.id(), Piece { flow, _task: task });
    }

    /// A token came up: what it stands for, which is in hand from here on.
    pub(crate) fn begin(&mut self, id: u64) -> Taken<M> {
        // Otherwise of work that was taken back, or of an earlier incarnation.
        let Some(piece) = self.pieces.get(&id) else {
            return Taken::Nothing;
        };
        let (taken, is_last) = piece.flow.take();
        let in_hand = InHand(Arc::clone(&piece.flow));
        if is_last {
            self.pieces.remove(&id);
        }
        match taken {
            Taken::Nothing => drop(in_hand),
            Taken::Message(_) | Taken::Failed(_) => self.in_hand = Some(in_hand),
        }
        taken
    }

    /// What was in hand, to be dropped when the next thing has been chosen: so a result waits behind one message at least.
    pub(crate) fn take_in_hand(&mut self) -> Option<InHand<M>> {
        self.in_hand.take()
    }

    /// Ends a piece of work: no result of it will be handled. Returns whether one could have been.
    pub(crate) fn detach(&mut self, id: WorkId) -> bool {
        let piece = self.pieces.remove(&id.0);
        if let Some(piece) = &piece {
            piece.flow.close(AskError::NoReply);
        }
        piece.is_some()
    }

    /// Ends everything. Replies that the work held resolve with `why`.
    pub(crate) fn close(&mut self, why: &AskError) {
        for piece in std::mem::take(&mut self.pieces).into_values() {
            piece.flow.close(why.clone());
        }
        self.in_hand = None;
    }
}
