//! Carries what a topic has for an actor into the actor's mailbox: one small task per subscribed actor.
//!
//! It takes an item out only when there is room in the mailbox for it. So no more than the subscriber's bound is ever waiting, and what is
//! dropped is dropped by the subscriber's policy; the mailbox sees one sender among others, that waits in line. It ends with the actor, the
//! subscription, the system or the runtime, whichever is first.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use super::Delivery;
use super::seat::Seated;
use crate::cell::{Cell, until};
use crate::reference::Permit;
use crate::signal::MonitorId;
use crate::sync::Arc;

/// Items carried before others get their turn.
const RUN: u32 = 64;

/// Takes the subscription away however it ends.
pub(super) struct Forwarder<T: Send + 'static, M: Send + 'static> {
    pub(super) seated: Arc<Seated<T>>,
    /// Not a reference that counts: a topic keeps nobody alive.
    pub(super) actor: Arc<Cell<M>>,
    pub(super) membership: MonitorId,
}

impl<T: Send + 'static, M: Send + 'static> Drop for Forwarder<T, M> {
    fn drop(&mut self) {
        self.seated.leave();
        self.actor.remove_membership(self.membership);
    }
}

impl<T: Send + 'static, M: Send + 'static> Forwarder<T, M> {
    pub(super) async fn run(self, mut map: impl FnMut(Delivery<T>) -> M + Send) {
        let seat = &*self.seated.seat;
        let mut carrying = pin!(self.carry(&mut map));
        std::future::poll_fn(|cx| {
            // Also while it waits for room: nobody waits for what nobody wants any more.
            if seat.poll_closed(cx).is_ready() {
                return Poll::Ready(());
            }
            carrying.as_mut().poll(cx)
        })
        .await;
    }

    async fn carry(&self, map: &mut (impl FnMut(Delivery<T>) -> M + Send)) {
        let seat = &*self.seated.seat;
        let mut run = 0;
        while std::future::poll_fn(|cx| seat.poll_ready(cx)).await {
            if !self.carry_one(map).await {
                self.reopened().await;
            }
            run += 1;
            if run == RUN {
                run = 0;
                crate::runtime::yield_now().await;
            }
        }
    }

    /// Waits for room and fills it. `false` when the mailbox is closed.
    async fn carry_one(&self, map: &mut (impl FnMut(Delivery<T>) -> M + Send)) -> bool {
        let seat = &*self.seated.seat;
        let Ok(permit) = Permit::reserve(&self.actor).await else {
            return false;
        };
        let Some(delivery) = seat.take() else {
            return true;
        };
        // What becomes of the gap in front of the next item if this cannot be told.
        let (gap, missed) = match delivery {
            Delivery::Item(_) => (1, 1),
            Delivery::Missed(count) => (count, 0),
        };
        // What maps a message, and what ranks it for a mailbox with priorities, is user code.
        match catch_unwind(AssertUnwindSafe(|| permit.send(map(delivery)).is_ok())) {
            Ok(true) => true,
            Ok(false) => {
                seat.widen_gap(gap, missed);
                false
            }
            Err(_) => {
                self.blame_map();
                // A count that cannot be mapped would be tried for ever.
                seat.widen_gap(missed, missed);
                true
            }
        }
    }

    #[cold]
    fn blame_map(&self) {
        let actor = self.actor.actor_id();
        let topic = self.seated.topic.name();
        tracing::error!(%actor, topic, "a subscriber's map function panicked; what it was to map is lost");
    }

    /// A supervised actor that was drained takes nothing until it is started again. If it never is, its end closes the seat.
    async fn reopened(&self) {
        until(&self.actor.face(), |life| {
            (life.open || life.is_over()).then_some(())
        })
        .await;
    }
}
