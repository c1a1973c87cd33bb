//! The end of a program for which there is no memory left.
//!
//! V8 reports when its heap is full, and our allocator refuses buffers. But V8's and our native code also allocates for
//! itself: to encode a text, for instance. Rust and C++ abort where such memory can't be had, which looks like a
//! crash. So in a process that runs a program, the allocation that fails ends it as out of memory instead.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::link::exit;
use crate::protocol::runner::EXIT_OUT_OF_MEMORY;

/// Whether this process runs a program.
static IS_WATCHED: AtomicBool = AtomicBool::new(false);

/// Ends this process as out of memory when an allocation fails from now on.
pub fn watch() {
    IS_WATCHED.store(true, Relaxed);
}

/// Has C++ code do the same. To be called once, before V8 starts.
pub fn install() {
    unsafe extern "C" {
        /// `std::set_new_handler`.
        #[link_name = "_ZSt15set_new_handlerPFvvE"]
        fn set_new_handler(handler: extern "C" fn()) -> Option<extern "C" fn()>;
    }
    // SAFETY: the handler never returns, as one must that frees nothing.
    unsafe { set_new_handler(on_no_memory) };
}

/// What C++'s `new` calls when there is no memory.
extern "C" fn on_no_memory() {
    if IS_WATCHED.load(Relaxed) {
        exit(EXIT_OUT_OF_MEMORY);
    }
    std::process::abort();
}

/// The system's allocator, whose refusals end a process that runs a program. Who can go on after a refusal asks
/// [`System`] itself.
pub struct Allocator;

#[cold]
fn refused() {
    if IS_WATCHED.load(Relaxed) {
        exit(EXIT_OUT_OF_MEMORY);
    }
}

/// What was allocated; it ends the process if that is nothing.
fn checked(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        refused();
    }
    memory
}

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's.
        checked(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's.
        checked(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller's.
        checked(unsafe { System.realloc(memory, layout, bytes) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;
