//! The locks, atomics and thread locals of the crate, named in one place so that a model checker can take over.
//!
//! Built for tests with `--cfg actor_loom` they are loom's, which runs a model of a few threads under every interleaving that can make
//! a difference; see [`models`](crate::models). The cfg is one of our own, since `--cfg loom` would switch tokio as well.
//!
//! `Arc`, `Weak` and `OnceLock` stay std's in either case. Loom's `Arc` cannot become an `Arc<dyn Trait>`, which cells, reply slots and
//! timekeepers need, and nothing here is decided by its counts: `refs` of a cell is an atomic of our own. Loom has no `OnceLock`; the
//! two of a cell are set before anybody shares what they hold.

pub(crate) use std::sync::atomic::Ordering;
pub(crate) use std::sync::{Arc, OnceLock, Weak};

/// A lock under which user code runs, for as long as that takes: whoever waits for it sleeps.
pub(crate) use std::sync::Mutex as SleepingMutex;

/// Locks, ignoring poison: what panicked under it leaves nothing that the next one relies on.
pub(crate) fn lock_asleep<T: ?Sized>(mutex: &SleepingMutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(not(all(test, actor_loom)))]
mod real {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
    pub(crate) use std::thread_local;

    /// What a thread does that finds a lock taken: it spins for longer than any lock of this crate is held, and then gives its core away, since
    /// the holder must have lost its own. Now and then it sleeps, so that not even a holder of lower priority on the same core is kept from
    /// going on.
    pub(crate) struct Relax;

    impl spin::RelaxStrategy for Relax {
        #[inline(never)]
        fn relax() {
            thread_local! {
                static TIMES: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
            }
            for _ in 0..32 {
                std::hint::spin_loop();
            }
            let times = TIMES.get().wrapping_add(1);
            TIMES.set(times);
            match times {
                0 => std::thread::sleep(std::time::Duration::from_micros(20)),
                times if times % 4 == 0 => std::thread::yield_now(),
                _ => {}
            }
        }
    }

    pub(crate) type Mutex<T> = spin::mutex::SpinMutex<T, Relax>;
    pub(crate) type MutexGuard<'a, T> = spin::mutex::SpinMutexGuard<'a, T, Relax>;

    /// No user code runs under any lock of this crate, so a panic cannot leave anything half-changed.
    #[inline(always)]
    pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock()
    }
}

#[cfg(not(all(test, actor_loom)))]
pub(crate) use real::*;

#[cfg(all(test, actor_loom))]
mod modelled {
    use std::cell::{Cell, RefCell};

    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
    pub(crate) use loom::sync::{Mutex, MutexGuard};
    use loom::thread::LocalKey;

    pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Loom's threads share one thread of the system, and with it what std holds to be local. So these are loom's, with what std's offer.
    macro_rules! loom_thread_local {
        ($($(#[$note:meta])* static $name:ident: $type:ty = const { $init:expr };)+) => {$(
            $(#[$note])*
            static $name: $crate::sync::Local<$type> = $crate::sync::Local({
                loom::thread_local! { static KEY: $type = $init; }
                &KEY
            });
        )+};
    }
    pub(crate) use loom_thread_local as thread_local;

    pub(crate) struct Local<T: 'static>(pub(crate) &'static LocalKey<T>);

    impl<T> Local<Cell<T>> {
        pub(crate) fn get(&self) -> T
        where
            T: Copy,
        {
            self.0.with(Cell::get)
        }

        pub(crate) fn set(&self, value: T) {
            self.0.with(|cell| cell.set(value));
        }

        pub(crate) fn replace(&self, value: T) -> T {
            self.0.with(|cell| cell.replace(value))
        }
    }

    impl<T> Local<RefCell<T>> {
        pub(crate) fn set(&self, value: T) {
            self.0.with(|cell| cell.replace(value));
        }

        pub(crate) fn take(&self) -> T
        where
            T: Default,
        {
            self.0.with(RefCell::take)
        }

        pub(crate) fn with_borrow_mut<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
            self.0.with(|cell| change(&mut cell.borrow_mut()))
        }
    }
}

#[cfg(all(test, actor_loom))]
pub(crate) use modelled::*;
