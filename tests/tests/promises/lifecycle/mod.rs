//! C: lifecycle.

mod children;
mod panics;
mod reasons;
mod references;
mod shutdown;
mod starting;
mod stopping;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use actor_core::prelude::*;
use actor_core::{Fate, StartError};
use tests::puppet::{Act, Event, Events, Puppet, act, act_now, answer, fail, hold, note, panic};
use tests::{in_every_placement, paused_system, soon, system};

fn spawn(system: &ActorSystem, placement: Placement) -> (ActorRef<Act>, Events) {
    let (puppet, events) = Puppet::new();
    (system.actor(puppet).placement(placement).spawn(), events)
}

/// An actor with a handler that waits, and two more messages in its queue.
async fn at_work(
    system: &ActorSystem,
    placement: Placement,
) -> (ActorRef<Act>, tests::puppet::Gate, Events) {
    let (actor, events) = spawn(system, placement);
    let (holding, mut gate) = hold();
    actor.send(holding).await.unwrap();
    gate.begun().await;
    actor.send(note(1)).await.unwrap();
    actor.send(note(2)).await.unwrap();
    (actor, gate, events)
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a bomb went off");
        }
    }
}

/// Goes up when the test ends, also by a failure; otherwise its runtime would wait for the spinning handlers for ever.
struct Flag(Arc<AtomicBool>);

impl Flag {
    fn new() -> Self {
        Flag(Arc::new(AtomicBool::new(false)))
    }
}

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Makes a handler spin until the flag is up.
async fn spin(actor: &ActorRef<Act>, flag: &Flag) -> tokio::sync::mpsc::UnboundedReceiver<()> {
    let (began, begun) = tokio::sync::mpsc::unbounded_channel();
    let flag = Arc::clone(&flag.0);
    let spinning = act_now(move |_, _| {
        began.send(()).ok();
        while !flag.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    });
    actor.send(spinning).await.unwrap();
    begun
}
