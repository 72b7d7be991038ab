//! One token, handed round a ring of actors until its hops are used up.

use std::{ops::ControlFlow, sync::Arc, time::Instant};

use tokio::sync::Notify;

use super::{Behaviour, Stage, nanos_per};
use crate::{
    local::contender::{Address, Exit, Latch},
    sizes::Sizes,
};

pub(crate) async fn ring<C: Stage>(world: Arc<C::World>, sizes: Sizes) -> f64 {
    let (done, gone) = (Arc::new(Notify::new()), Latch::new(sizes.ring_actors));
    let nodes = close_ring::<C>(&world, sizes.ring_actors, &done, &gone).await;
    // Once around before the clock starts: every actor has run.
    nodes[0].tell(Msg::Token(sizes.ring_actors as u64)).await;
    done.notified().await;

    let begin = Instant::now();
    nodes[0].tell(Msg::Token(sizes.ring_hops)).await;
    done.notified().await;
    let figure = nanos_per(begin, sizes.ring_hops);
    for node in &nodes {
        node.tell(Msg::End).await;
    }
    gone.wait().await;
    figure
}

/// Starts `actors` actors, each of which knows the next, and the last the first.
async fn close_ring<C: Stage>(
    world: &C::World,
    actors: usize,
    done: &Arc<Notify>,
    gone: &Arc<Latch>,
) -> Vec<C::Addr<Node<C>>> {
    let mut nodes = Vec::with_capacity(actors);
    for _ in 0..actors {
        let node = Node::<C> {
            next: None,
            done: done.clone(),
            _exit: Exit(gone.clone()),
        };
        nodes.push(C::cast(world, node).await);
    }
    let closed = Latch::new(actors);
    for (index, node) in nodes.iter().enumerate() {
        let next = nodes[(index + 1) % actors].clone();
        node.tell(Msg::Next(next, closed.clone())).await;
    }
    closed.wait().await;
    nodes
}

/// Passes a token on. One that has no hops left notifies `done`.
struct Node<C: Stage> {
    next: Option<C::Addr<Node<C>>>,
    done: Arc<Notify>,
    _exit: Exit,
}

enum Msg<C: Stage> {
    Next(C::Addr<Node<C>>, Arc<Latch>),
    Token(u64),
    End,
}

impl<C: Stage> Behaviour for Node<C> {
    type Msg = Msg<C>;

    async fn handle(&mut self, msg: Msg<C>) -> ControlFlow<()> {
        match msg {
            Msg::Next(node, closed) => {
                self.next = Some(node);
                closed.arrive();
            }
            Msg::Token(0) => self.done.notify_one(),
            Msg::Token(hops) => {
                let next = self.next.as_ref();
                let next = next.expect("the ring is closed before a token comes");
                next.tell(Msg::Token(hops - 1)).await;
            }
            Msg::End => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }
}
