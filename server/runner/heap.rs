//! V8's heap: how large its parts may become, and the end of a program that holds more than it may.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use deno_core::v8;

use super::link::{Link, exit};
use super::memory;
use crate::protocol::runner::{EXIT_OUT_OF_MEMORY, Ending};

/// The most that a semi-space may have, as in Node: new values live in one of two, and what is alive is copied to the
/// other when the one is full. V8 begins with 1 MiB and lets it grow with what survives.
const SEMI_SPACE: usize = 16 << 20;
/// How many of them a heap has room for.
const SEMI_SPACES: usize = 4;
/// What V8 counts as the young generation: two semi-spaces, and as much as one for large objects.
const YOUNG: usize = 3;

/// An isolate of a heap of so many bytes.
///
/// V8 itself would give as small a heap as ours semi-spaces of 1 or 2 MiB, and promises by the ten thousand would be
/// copied again and again: six times Node's time for such a program. Its bound for old values stays as V8 has it.
pub fn bounded(heap: usize) -> v8::CreateParams {
    let semi_space = (heap / SEMI_SPACES).clamp(1 << 20, SEMI_SPACE);
    v8::CreateParams::default()
        .heap_limits(0, heap)
        .set_max_young_generation_size_in_bytes(YOUNG * semi_space)
}

/// Ends the program when V8's heap nears its end, in time for V8 to unwind; and where it can't, the process.
pub fn guard(isolate: &mut v8::Isolate, link: &Arc<Link>) {
    let data = Arc::as_ptr(link).cast_mut().cast();
    isolate.add_near_heap_limit_callback(on_near_heap_limit, data);
    isolate.add_gc_epilogue_callback(on_collected, data, v8::GCType::kGCTypeAll);
    isolate.set_oom_error_handler(on_out_of_memory);
}

unsafe extern "C" fn on_near_heap_limit(link: *mut c_void, current: usize, _: usize) -> usize {
    // V8 also comes here after its last attempt to make room for a buffer that our allocator refused. That is
    // the program's to catch, and no end of the heap.
    static REFUSALS_SEEN: AtomicU64 = AtomicU64::new(0);
    let refusals = memory::buffer_refusals();
    if REFUSALS_SEEN.swap(refusals, Relaxed) != refusals {
        return current;
    }
    // SAFETY: `guard` passes the link, which lives as long as the process.
    let link = unsafe { &*link.cast::<Link>() };
    link.note_heap(current as u64);
    link.end(Ending::MemoryExceeded);
    // Room to reach the next place where V8 looks for interrupts, and to unwind.
    current + (16 << 20)
}

/// Whether V8 has been asked to look at all of the heap.
static IS_ASKED: AtomicBool = AtomicBool::new(false);

/// V8's own bound is for old values, and a request may have lowered the heap's limit below the one that the zygote gave
/// V8; so what is held is looked at after each collection.
unsafe extern "C" fn on_collected(
    isolate: v8::UnsafeRawIsolatePtr,
    kind: v8::GCType,
    _: v8::GCCallbackFlags,
    data: *mut c_void,
) {
    // SAFETY: as above.
    let link = unsafe { &*data.cast::<Link>() };
    // SAFETY: V8 passes the isolate that collects.
    let mut isolate = unsafe { v8::Isolate::from_raw_isolate_ptr(isolate) };
    let used = isolate.get_heap_statistics().used_heap_size() as u64;
    if used <= link.limits().heap_bytes {
        return;
    }
    if kind == v8::GCType::kGCTypeMarkSweepCompact {
        link.note_heap(used);
        link.end(Ending::MemoryExceeded);
    } else if !IS_ASKED.swap(true, Relaxed) {
        // This one looked at new values only. There may be old ones in the sum that nobody holds any more.
        link.at_next_interrupt(collect_all);
    }
}

/// Runs on the main thread where the program is: has V8 look at all of the heap, and so comes back to [`on_collected`].
unsafe extern "C" fn collect_all(isolate: v8::UnsafeRawIsolatePtr, _: *mut c_void) {
    IS_ASKED.store(false, Relaxed);
    // SAFETY: V8 passes the isolate that runs.
    let mut isolate = unsafe { v8::Isolate::from_raw_isolate_ptr(isolate) };
    isolate.memory_pressure_notification(v8::MemoryPressureLevel::Critical);
}

unsafe extern "C" fn on_out_of_memory(_: *const c_char, _: &v8::OomDetails) {
    exit(EXIT_OUT_OF_MEMORY);
}
