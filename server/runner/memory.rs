//! Memory of a runner: the accounting allocator for `ArrayBuffer`s, readings of the process, and making a
//! zygote's memory survive a fork.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use deno_core::v8;
use nix::errno::Errno;

use super::huge;

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
    allocate(bytes, |layout| unsafe { alloc_zeroed(layout) })
}

unsafe extern "C" fn uninitialized(_: &(), bytes: usize) -> *mut c_void {
    // SAFETY: as above.
    allocate(bytes, |layout| unsafe { alloc(layout) })
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
        unsafe { dealloc(data.cast(), layout) };
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
    (u64::try_from(usage.ru_maxrss).unwrap_or(0) << 10).saturating_sub(huge::moved_bytes())
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

/// What the processor maps at least, on all that we run on.
pub const PAGE: usize = 4096;

/// A mapping of this process.
pub struct Mapping {
    /// Its first address.
    pub start: usize,
    /// The address behind its last.
    pub end: usize,
    /// Its rights, as `r-xp`.
    pub rights: String,
    /// The path of its file, or what else it is called.
    pub path: String,
}

/// All mappings of this process, in the order of their addresses; none where `/proc` does not say.
pub fn mappings() -> Vec<Mapping> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mapping = |line: &str| {
        // Range, rights, offset, device, inode, and the path after some spaces.
        let mut fields = line.splitn(6, ' ');
        let (start, end) = fields.next()?.split_once('-')?;
        Some(Mapping {
            start: usize::from_str_radix(start, 16).ok()?,
            end: usize::from_str_radix(end, 16).ok()?,
            rights: fields.next()?.to_owned(),
            path: fields.nth(3).unwrap_or_default().trim_start().to_owned(),
        })
    };
    maps.lines().filter_map(mapping).collect()
}

/// What the kernel says of a page: see pagemap in its documentation.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct Page(u64);

impl Page {
    /// Whether it is in memory, for this process.
    pub fn is_present(self) -> bool {
        self.0 & 1 << 63 != 0
    }

    /// Whether it is of a file, or of memory that is shared on purpose.
    pub fn is_of_a_file(self) -> bool {
        self.0 & 1 << 61 != 0
    }

    /// Whether no other process has it.
    pub fn is_own(self) -> bool {
        self.0 & 1 << 56 != 0
    }
}

/// What the kernel says of the pages of this process's memory.
pub struct Pages(File);

impl Pages {
    /// Opens it for the process that calls: a fork has another.
    ///
    /// # Errors
    /// Where there is no `/proc/self/pagemap`.
    pub fn open() -> io::Result<Self> {
        File::open("/proc/self/pagemap").map(Self)
    }

    /// The pages from one address to another, both at a page's start.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn of(&self, start: usize, end: usize) -> io::Result<Vec<Page>> {
        let mut pages = vec![Page::default(); (end - start) / PAGE];
        self.read(start, &mut pages)?;
        Ok(pages)
    }

    /// The pages from an address on, at a page's start.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn read(&self, start: usize, pages: &mut [Page]) -> io::Result<()> {
        // SAFETY: a page is a number, and any bytes are one.
        let bytes =
            unsafe { std::slice::from_raw_parts_mut(pages.as_mut_ptr().cast::<u8>(), size_of_val(pages)) };
        self.0.read_exact_at(bytes, (start / PAGE * size_of::<Page>()) as u64)
    }
}

/// Maps what is read there, without a change. Since Linux 5.14; no crate has the number on all C libraries.
pub const MADV_POPULATE_READ: libc::c_int = 22;
/// Has the effect of a write to each page, without a change. The same.
pub const MADV_POPULATE_WRITE: libc::c_int = 23;

/// Puts memory into huge pages now. Since Linux 6.1; the same.
pub const MADV_COLLAPSE: libc::c_int = 25;

/// Gives the kernel advice that changes nothing for who uses the memory from `start` to `end`.
///
/// # Errors
/// The kernel's. What is not mapped is refused.
pub fn madvise(start: usize, end: usize, advice: libc::c_int) -> Result<(), Errno> {
    debug_assert!(matches!(
        advice,
        MADV_POPULATE_READ | MADV_POPULATE_WRITE | MADV_COLLAPSE | libc::MADV_DOFORK
    ));
    // SAFETY: none of these changes what is read there.
    Errno::result(unsafe { libc::madvise(start as *mut c_void, end - start, advice) }).map(drop)
}

/// Writes to a page what is there, so that it is this process's own.
///
/// # Safety
/// The page must be mapped, and this process's to write to.
pub unsafe fn write_to(page: usize) {
    // To the processor this is a write, whatever it finds there (Intel's manual on CMPXCHG), and one page fault. To read
    // first and write that back would be two.
    // SAFETY: the caller's.
    let first = unsafe { AtomicU64::from_ptr(std::ptr::with_exposed_provenance_mut(page)) };
    let _ = first.compare_exchange(0, 0, Relaxed, Relaxed);
}

/// New memory of that many bytes, to read and to write, at a place of the kernel's choice.
///
/// # Errors
/// The kernel's: there is none.
pub fn map(bytes: usize) -> Result<*mut c_void, Errno> {
    let (rights, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: it takes the place of nothing.
    match unsafe { libc::mmap(std::ptr::null_mut(), bytes, rights, flags, -1, 0) } {
        libc::MAP_FAILED => Err(Errno::last()),
        memory => Ok(memory),
    }
}

/// Asks the kernel to copy all of this process's memory at a fork. V8 marks its own `MADV_DONTFORK`, so
/// without this a child would die at its first step. Whether it worked shows only in a child.
pub fn inherit_all_memory() {
    for Mapping { start, end, .. } in mappings() {
        // It is refused for the kernel's own mappings (vdso), which are inherited anyway.
        let _ = madvise(start, end, libc::MADV_DOFORK);
    }
}

/// Gives the kernel back what malloc holds free. A child that allocates there gets new pages, which is cheaper than
/// copies of what was once in the old ones.
pub fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc's own business.
    unsafe {
        libc::malloc_trim(0);
    }
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
    fn mappings_have_rights_and_paths() {
        let all = mappings();
        let here = (mappings_have_rights_and_paths as fn()) as usize;
        let code = all.iter().find(|mapping| (mapping.start..mapping.end).contains(&here)).unwrap();
        assert_eq!(code.rights, "r-xp");
        assert_eq!(code.path, std::env::current_exe().unwrap().to_str().unwrap());
        assert!(all.iter().any(|mapping| mapping.path == "[stack]"));
    }

    #[test]
    fn this_process_holds_something() {
        assert!(process_usage().0 > 1 << 20);
    }
}
