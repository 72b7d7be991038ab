//! What the root of a test worker does at a word: mostly what nobody should.

use std::io::Write;

use actor_core::prelude::*;

use super::{Nameless, RIG, Rig, RigArgs, registry};

/// Repeats what it is sent; ends at zero.
pub(super) struct Lent {
    pub(super) listener: Option<ActorRef<u64>>,
    pub(super) end: tokio::sync::watch::Sender<Option<ExitReason>>,
}

impl Actor for Lent {
    type Msg = u64;

    async fn handle(&mut self, number: u64, ctx: &mut Context<Self>) -> ActorResult {
        match number {
            0 => ctx.stop(),
            u64::MAX => return Err("told to fail".into()),
            _ => {}
        }
        if let Some(listener) = &self.listener {
            listener.send(number).await?;
        }
        Ok(())
    }

    async fn stopped(&mut self, reason: &ExitReason, _ctx: &mut Context<Self>) {
        self.end.send_replace(Some(reason.clone()));
    }
}

pub(super) fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// Completes when one other thread of the runtime is blocked for ever. Waking goes through a plain thread, since what a blocked thread
/// of the runtime wakes may wait in its own queue.
pub(super) async fn hang_another_thread() {
    let runtime = tokio::runtime::Handle::current();
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let (hung, is_hung) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            hung.send(()).ok();
            hang()
        });
        is_hung.recv().ok();
        tell.send(()).ok();
    });
    drop(told.await);
}

pub(super) struct NamelessActor;

impl Actor for NamelessActor {
    type Msg = Nameless;

    async fn handle(&mut self, _msg: Nameless, _ctx: &mut Context<Self>) -> ActorResult {
        Ok(())
    }
}

pub(super) async fn die_of(number: i32) {
    let signal = rustix::process::Signal::from_named_raw(number).expect("a signal");
    rustix::process::kill_process(rustix::process::getpid(), signal).expect("it is there");
    std::future::pending().await
}

pub(super) async fn feed(listener: &ActorRef<u64>, count: u64) -> ActorResult {
    for n in 0..count {
        listener.send(n).await?;
    }
    Ok(())
}

pub(super) fn print(text: &str) -> ActorResult {
    writeln!(std::io::stdout(), "{text} on standard output")?;
    writeln!(std::io::stderr(), "{text} on standard error")?;
    Ok(())
}

pub(super) fn scream(text: String) -> ActorResult {
    writeln!(std::io::stderr(), "{text}")?;
    let died = std::thread::spawn(move || panic!("screamed: {text}")).join();
    std::process::exit(if died.is_err() { 101 } else { 0 });
}

/// The error of a worker that was to start in a worker; nothing if it did start.
pub(super) async fn start_nested(system: &ActorSystem) -> Result<String, BoxError> {
    let node = actor_remote::Node::new(registry());
    let worker = node.worker("nested", RIG, RigArgs::Works)?;
    let (spec, _) = worker.child().build();
    let supervisor = Supervisor::builder(Strategy::OneForOne).child(spec);
    let started = supervisor.start(system).await;
    let error = started.err().map(|error| error.to_string());
    Ok(error.unwrap_or_default())
}

pub(super) async fn stop_before_next(ctx: &mut Context<Rig>) {
    while ctx.actor_ref().is_empty() {
        tokio::task::yield_now().await;
    }
    ctx.stop();
}
