//! Memory of a runner: the accounting allocator for `ArrayBuffer`s, and what the process has used.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::tuning;
use deno_core::v8;

/// Bytes that `ArrayBuffer`s hold, the most they held, what they may hold, and how many were refused.
/// One isolate lives in a process, so these are the process's.
static HELD: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);
/// What they held when the run began: the runtime's own.
static BASE: AtomicU64 = AtomicU64::new(0);
static ALLOWED: AtomicU64 = AtomicU64::new(u64::MAX);
static REFUSALS: AtomicU64 = AtomicU64::new(0);

/// Allocations up to this size are never refused: V8 itself makes some where it can only abort. They count
/// all the same, and a program that lives off them runs into its heap or process limit.
const NEVER_REFUSED: usize = 1 << 10;

/// Sets what buffers may hold from now on, in bytes, and forgets the peak.
pub fn limit_buffers(bytes: u64) {
    let own = HELD.load(Relaxed);
    ALLOWED.store(bytes.saturating_add(own), Relaxed);
    PEAK.store(own, Relaxed);
    BASE.store(own, Relaxed);
}

/// The most that buffers held, in bytes.
pub fn buffer_peak() -> u64 {
    PEAK.load(Relaxed).saturating_sub(BASE.load(Relaxed))
}

/// Counts memory that is a buffer's to the program but does not come from the allocator (WebAssembly's).
pub fn note_buffer_peak(bytes: u64) {
    PEAK.fetch_max(bytes, Relaxed);
}

/// How many buffers were refused since the process began.
pub fn buffer_refusals() -> u64 {
    REFUSALS.load(Relaxed)
}

/// The allocator to create the isolate with.
pub fn allocator() -> v8::UniqueRef<v8::Allocator> {
    static HANDLE: () = ();
    static VTABLE: v8::RustAllocatorVtable<()> =
        v8::RustAllocatorVtable { allocate: zeroed, allocate_uninitialized: uninitialized, free, drop: keep };
    // SAFETY: the functions below keep the contract of an array buffer allocator; the handle is never read.
    unsafe { v8::new_rust_allocator(&raw const HANDLE, &VTABLE) }
}

fn reserve(bytes: usize) -> bool {
    let size = bytes as u64;
    let held = HELD.fetch_add(size, Relaxed).saturating_add(size);
    if held > ALLOWED.load(Relaxed) && bytes > NEVER_REFUSED {
        HELD.fetch_sub(size, Relaxed);
        REFUSALS.fetch_add(1, Relaxed);
        return false;
    }
    PEAK.fetch_max(held, Relaxed);
    true
}

fn layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes.max(1), 16).ok()
}

unsafe extern "C" fn zeroed(_: &(), bytes: usize) -> *mut c_void {
    // SAFETY: the layout is not empty. A refusal is a null pointer, which V8 turns into a RangeError.
    allocate(bytes, |layout| unsafe { System.alloc_zeroed(layout) })
}

unsafe extern "C" fn uninitialized(_: &(), bytes: usize) -> *mut c_void {
    // SAFETY: as above.
    allocate(bytes, |layout| unsafe { System.alloc(layout) })
}

fn allocate(bytes: usize, how: impl Fn(Layout) -> *mut u8) -> *mut c_void {
    let Some(layout) = layout(bytes) else {
        REFUSALS.fetch_add(1, Relaxed);
        return std::ptr::null_mut();
    };
    if !reserve(bytes) {
        return std::ptr::null_mut();
    }
    let data = how(layout);
    if data.is_null() {
        HELD.fetch_sub(bytes as u64, Relaxed);
        REFUSALS.fetch_add(1, Relaxed);
    }
    data.cast()
}

unsafe extern "C" fn free(_: &(), data: *mut c_void, bytes: usize) {
    if let Some(layout) = layout(bytes).filter(|_| !data.is_null()) {
        HELD.fetch_sub(bytes as u64, Relaxed);
        // SAFETY: V8 gives back what `allocate` gave it, with the same length.
        unsafe { System.dealloc(data.cast(), layout) };
    }
}

unsafe extern "C" fn keep(_: *const ()) {}

/// The most this process held resident, in bytes and shared pages included, but for the code that a zygote moved, and
/// its CPU time, in microseconds. Unlike `/proc` this needs no file, and the most is what a limit is about.
pub fn process_usage() -> (u64, u64) {
    // SAFETY: getrusage fills the struct it is given, for which all zeroes is a value.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    (resident_peak(&usage), cpu_micros(&usage))
}

/// The most that a process held resident, in bytes, but for the code that its zygote moved.
pub fn resident_peak(usage: &libc::rusage) -> u64 {
    (u64::try_from(usage.ru_maxrss).unwrap_or(0) << 10).saturating_sub(tuning::unaccounted_bytes())
}

/// User and system time of `usage` together, in microseconds.
pub fn cpu_micros(usage: &libc::rusage) -> u64 {
    let micros = |time: libc::timeval| time.tv_sec * 1_000_000 + time.tv_usec;
    u64::try_from(micros(usage.ru_utime) + micros(usage.ru_stime)).unwrap_or(0)
}

/// CPU time that this process has used, in microseconds.
pub fn cpu_clock_micros() -> u64 {
    // SAFETY: clock_gettime fills the struct it is given.
    let time = unsafe {
        let mut time: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time);
        time
    };
    u64::try_from(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_refused_over_the_limit_but_tiny_ones_never() {
        limit_buffers(1 << 20);
        // SAFETY: freed below with the same lengths.
        unsafe {
            let half = zeroed(&(), 1 << 19);
            assert!(!half.is_null());
            assert!(uninitialized(&(), (1 << 19) + 1).is_null());
            assert!(buffer_refusals() > 0);
            let rest = uninitialized(&(), 1 << 19);
            assert!(!rest.is_null());
            let tiny = zeroed(&(), NEVER_REFUSED);
            assert!(!tiny.is_null());
            assert_eq!(buffer_peak(), (1 << 20) + NEVER_REFUSED as u64);
            free(&(), half, 1 << 19);
            free(&(), rest, 1 << 19);
            free(&(), tiny, NEVER_REFUSED);
        }
        assert_eq!(HELD.load(Relaxed), 0, "it is counted back");
    }

    #[test]
    fn absurd_sizes_are_refused() {
        // SAFETY: nothing is allocated.
        assert!(unsafe { zeroed(&(), usize::MAX) }.is_null());
    }

    #[test]
    fn this_process_holds_something() {
        assert!(process_usage().0 > 1 << 20);
    }
}
