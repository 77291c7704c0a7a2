//! The system allocator, with counters.
#![expect(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait; calls are forwarded")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::Sub;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// To be used as the `#[global_allocator]`.
#[derive(Debug)]
pub struct Counting;

static BLOCKS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);

/// The numbers of allocations and allocated bytes. A reallocation counts as a new allocation of the
/// new size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of allocations.
    pub blocks: u64,
    /// The number of allocated bytes.
    pub bytes: u64,
}

impl Tally {
    /// Returns the totals of the process so far.
    #[must_use]
    pub fn now() -> Self {
        Self { blocks: BLOCKS.load(Relaxed), bytes: BYTES.load(Relaxed) }
    }
}

impl Sub for Tally {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { blocks: self.blocks - earlier.blocks, bytes: self.bytes - earlier.bytes }
    }
}

/// Returns the bytes in use.
#[must_use]
pub fn live() -> u64 {
    LIVE.load(Relaxed)
}

/// Returns the peak number of bytes in use since [`forget_peak`].
#[must_use]
pub fn peak() -> u64 {
    PEAK.load(Relaxed)
}

/// Resets [`peak`].
pub fn forget_peak() {
    PEAK.store(live(), Relaxed);
}

fn count(new: usize, old: usize) {
    BLOCKS.fetch_add(1, Relaxed);
    BYTES.fetch_add(new as u64, Relaxed);
    let live = LIVE.fetch_add(new as u64, Relaxed) + new as u64;
    PEAK.fetch_max(live.saturating_sub(old as u64), Relaxed);
    LIVE.fetch_sub(old as u64, Relaxed);
}

// SAFETY: each call is forwarded unchanged to the system allocator, and counting does not touch the
// caller's memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as u64, Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}
