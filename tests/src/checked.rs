//! The check at the end of each test: nothing lives any more, no timer is set, no monitor waits.

use std::cell::RefCell;
use std::ops::Deref;
use std::time::Duration;

use actor_core::ActorSystem;
use tokio::runtime::{Handle, RuntimeFlavor};

/// What a system is given to end in order before it is killed. A test may leave handlers that never return.
const PATIENCE: Duration = Duration::from_millis(200);
const MINUTE: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_millis(1);

/// Live actors, timers and monitors.
type Left = (usize, usize, usize);

const NOTHING: Left = (0, 0, 0);

fn left(system: &ActorSystem) -> Left {
    let totals = system.snapshot().totals;
    (totals.actors, totals.timers, totals.monitors)
}

/// Stops everything and checks that nothing is left.
///
/// # Panics
///
/// When something still lives, or is still set, a minute later.
pub async fn finish(system: &ActorSystem) {
    system.shutdown(PATIENCE).await;
    let nothing_left = async {
        while left(system) != NOTHING {
            tokio::time::sleep(MOMENT).await;
        }
    };
    let settled = tokio::time::timeout(MINUTE, nothing_left).await;
    assert!(
        settled.is_ok(),
        "the test left {:?} (actors, timers, monitors)",
        left(system)
    );
}

/// A system that is checked when its test is over.
///
/// On a runtime with several workers it is shut down and checked when it is dropped. A runtime of one thread cannot be waited for in a
/// drop: there it is checked when the thread of the test ends, and so after its runtime went away, which is the end of all actors. A
/// leak that shows only then ends the whole test program. For an orderly end, and an ordinary failure, await [`finish`](Self::finish).
#[derive(Debug)]
pub struct CheckedSystem {
    system: Option<ActorSystem>,
}

impl CheckedSystem {
    /// Checks this system.
    #[must_use]
    pub fn new(system: ActorSystem) -> Self {
        CheckedSystem {
            system: Some(system),
        }
    }

    /// Stops everything and checks that nothing is left; see [`finish`].
    ///
    /// # Panics
    ///
    /// When something is left.
    pub async fn finish(mut self) {
        if let Some(system) = self.system.take() {
            finish(&system).await;
        }
    }

    /// The system without the check, for tests of what happens when its last handle goes.
    #[must_use]
    pub fn unchecked(mut self) -> ActorSystem {
        self.system.take().expect("it is taken once")
    }
}

impl Deref for CheckedSystem {
    type Target = ActorSystem;

    fn deref(&self) -> &ActorSystem {
        self.system.as_ref().expect("it is taken at the end")
    }
}

impl Drop for CheckedSystem {
    fn drop(&mut self) {
        let Some(system) = self.system.take() else {
            return;
        };
        // One failure is enough.
        if std::thread::panicking() {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
                tokio::task::block_in_place(|| runtime.block_on(finish(&system)));
            }
            _ => LATER.with_borrow_mut(|later| {
                // A test of many cases has a runtime for each.
                later.systems.retain(|system| left(system) != NOTHING);
                later.systems.push(system);
            }),
        }
    }
}

thread_local! {
    static LATER: RefCell<Later> = const { RefCell::new(Later { systems: Vec::new() }) };
}

/// The systems of a thread whose runtimes are to go away first.
struct Later {
    systems: Vec<ActorSystem>,
}

impl Drop for Later {
    fn drop(&mut self) {
        let systems = std::mem::take(&mut self.systems);
        let test = std::thread::current().name().unwrap_or("?").to_owned();
        // Not here, where thread locals are going away.
        let checking = std::thread::spawn(move || {
            for system in systems {
                let mut moments = 0;
                while left(&system) != NOTHING {
                    std::thread::sleep(MOMENT);
                    moments += 1;
                    let left = left(&system);
                    assert!(moments < 20_000, "the test {test} left {left:?}");
                }
            }
        });
        if checking.join().is_err() {
            // The test is over and cannot fail any more; a panic here would end the program as well.
            std::process::abort();
        }
    }
}
