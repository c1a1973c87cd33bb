//! Which pages of this process are in memory, and whose they are (`/proc/self/pagemap`, see the kernel's documentation).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::super::address_space::page_size;

/// The state of a page.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct Page(u64);

impl Page {
    /// Whether this process has it mapped.
    pub fn is_present(self) -> bool {
        self.0 & 1 << 63 != 0
    }

    /// Whether it belongs to a file or to shared memory.
    pub fn is_file(self) -> bool {
        self.0 & 1 << 61 != 0
    }

    /// Whether no other process maps it.
    pub fn is_exclusive(self) -> bool {
        self.0 & 1 << 56 != 0
    }
}

/// The page map of this process.
pub struct PageMap(File);

impl PageMap {
    /// Opens it for the calling process: a fork has another.
    ///
    /// # Errors
    /// Where `/proc/self/pagemap` is missing or not readable, as in gVisor.
    pub fn open() -> io::Result<Self> {
        File::open("/proc/self/pagemap").map(Self)
    }

    /// The pages from `start` to `end`, both multiples of the page size.
    ///
    /// # Errors
    /// When the kernel refuses the read.
    pub fn range(&self, start: usize, end: usize) -> io::Result<Vec<Page>> {
        let mut pages = vec![Page::default(); (end - start) / page_size()];
        self.read(start, &mut pages)?;
        Ok(pages)
    }

    /// Fills `pages` with those from `start` on, a multiple of the page size.
    ///
    /// # Errors
    /// When the kernel refuses the read.
    pub fn read(&self, start: usize, pages: &mut [Page]) -> io::Result<()> {
        // SAFETY: a page is a number, and any bytes are one.
        let bytes =
            unsafe { std::slice::from_raw_parts_mut(pages.as_mut_ptr().cast::<u8>(), size_of_val(pages)) };
        self.0.read_exact_at(bytes, (start / page_size() * size_of::<Page>()) as u64)
    }
}
