//! Ctrl-C as a value that topologies can look at and wait for.
//!
//! The first Ctrl-C asks every topology to drain: begin nothing new, finish what is in hand, report. The second one
//! leaves at once; worker processes then see their parent go and leave too.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::exit;

/// Whether the user has asked for an end; clones see the same request.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    requested: watch::Receiver<bool>,
}

impl Interrupt {
    /// Takes over Ctrl-C for the rest of the process. `on_first` runs at the first one, to tell the user what happens now.
    ///
    /// Must be called inside the runtime. The handler stands when this returns, so no Ctrl-C slips past it.
    ///
    /// # Errors
    /// If the operating system refuses the signal handler; nothing has changed then.
    pub(crate) fn listen(on_first: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let mut presses = signal(SignalKind::interrupt())?;
        let (request, interrupt) = Self::by_hand();

        tokio::spawn(async move {
            presses.recv().await;
            on_first();
            request.send_replace(true);

            presses.recv().await;
            std::process::exit(exit::INTERRUPTED.into());
        });
        Ok(interrupt)
    }

    /// An interrupt that nobody listens for: the sender makes the request.
    pub(crate) fn by_hand() -> (watch::Sender<bool>, Self) {
        let (request, requested) = watch::channel(false);
        (request, Interrupt { requested })
    }

    /// Whether the end was asked for; for loops that cannot await.
    pub(crate) fn is_requested(&self) -> bool {
        *self.requested.borrow()
    }

    /// Completes once the end was asked for, also when that was long ago; never completes if nobody asks.
    ///
    /// # Cancel safety
    /// Safe: waiting again sees the same request.
    pub(crate) async fn requested(&self) {
        let mut requested = self.requested.clone();
        if requested.wait_for(|requested| *requested).await.is_err() {
            // Nobody is left who could ask.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_reaches_clones_made_before_and_after_it() {
        let (request, interrupt) = Interrupt::by_hand();
        let early = interrupt.clone();
        assert!(!early.is_requested());

        request.send_replace(true);

        assert!(early.is_requested());
        early.requested().await;
        interrupt.clone().requested().await;
    }

    #[tokio::test]
    async fn a_request_stays_after_its_maker_is_gone() {
        let (request, interrupt) = Interrupt::by_hand();
        request.send_replace(true);
        drop(request);

        interrupt.requested().await;
    }
}
