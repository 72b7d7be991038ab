//! The system allocator with a counter that can be switched on.
//!
//! `idle_bytes` and `allocs_*` switch it on; every other workload pays one relaxed load per allocation and
//! nothing else. Ready-made counting allocators count always, which would bill the subjects that allocate per
//! message for it, or copy on every growing of a buffer.
//!
//! The one place of the workspace with unsafe code: `GlobalAlloc` cannot be had without.
//!
//! Access rules
//! 1. Every call goes to `System` with the caller's own arguments; the counter reads sizes only.

#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
/// Bytes allocated less bytes freed, by all threads, while counting.
static BYTES: AtomicI64 = AtomicI64::new(0);
/// Calls that asked for memory, new or larger, by all threads, while counting.
static CALLS: AtomicU64 = AtomicU64::new(0);

/// Counts from here on; returns the counter that says how much.
pub(crate) fn start_counting() -> Counted {
    BYTES.store(0, Relaxed);
    CALLS.store(0, Relaxed);
    IS_COUNTING.store(true, Relaxed);
    Counted(())
}

/// A running count; ends when dropped.
pub(crate) struct Counted(());

impl Counted {
    /// Bytes in use now that were not in use at the start, as requested, without the allocator's own
    /// headers and rounding.
    pub(crate) fn bytes(&self) -> i64 {
        BYTES.load(Relaxed)
    }

    /// How often memory was asked for since the start, a buffer that grew or shrank included.
    pub(crate) fn calls(&self) -> u64 {
        CALLS.load(Relaxed)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        IS_COUNTING.store(false, Relaxed);
    }
}

struct Counting;

impl Counting {
    fn count(change: i64, calls: u64) {
        if IS_COUNTING.load(Relaxed) {
            BYTES.fetch_add(change, Relaxed);
            CALLS.fetch_add(calls, Relaxed);
        }
    }
}

// SAFETY: rule 1; `System` upholds the contract of `GlobalAlloc`.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size() as i64, 1);
        // SAFETY: rule 1.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size() as i64, 1);
        // SAFETY: rule 1.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        Self::count(new_size as i64 - layout.size() as i64, 1);
        // SAFETY: rule 1.
        unsafe { System.realloc(ptr, layout, new_size) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        Self::count(-(layout.size() as i64), 0);
        // SAFETY: rule 1.
        unsafe { System.dealloc(ptr, layout) }
    }
}
