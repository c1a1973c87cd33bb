//! Gives each process its own copy of the pages that a run writes to, before its run.
//!
//! A fork shares its zygote's memory until somebody writes: the first write to each page stops the program for a page fault.
//! Most of these pages are the same for all children, as all programs begin alike ([`super::usage`] has them). One call for each
//! range replaces the faults.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::super::address_space::{MADV_POPULATE_WRITE, madvise, map, page_size};
use super::super::trial::in_child;
use super::Ranges;
use super::usage::Usage;

/// The ranges to copy, and how.
#[derive(Default)]
pub struct Prefault {
    ranges: Ranges,
    writes: bool,
}

impl Prefault {
    /// Of what a run writes to, takes what can be prefaulted here: each range is tried in a child of its own.
    ///
    /// # Errors
    /// In words, when none can be.
    pub fn new(usage: &Usage) -> Result<Self, String> {
        // Asked of a page of no use: for a page of use the same error can mean a missing permission.
        let writes = !has_advice();
        let candidate = Self { ranges: usage.written.clone(), writes };
        let (report, status) = in_child(|mut pipe| {
            use std::io::Write;
            for (number, range) in (0_u32..).zip(&candidate.ranges) {
                if candidate.populate_range(range.start, range.end) {
                    let _ = pipe.write_all(&number.to_ne_bytes());
                }
            }
            super::super::link::exit(0)
        })?;
        if status != 0 {
            return Err("a process that wrote to these pages died".into());
        }
        let (numbers, _) = report.as_chunks();
        let ranges: Ranges = numbers
            .iter()
            .filter_map(|number| candidate.ranges.get(u32::from_ne_bytes(*number) as usize).cloned())
            .collect();
        if ranges.is_empty() {
            return Err("none of the pages that a run writes to can be prefaulted".into());
        }
        Ok(Self { ranges, writes })
    }

    /// Copies all ranges, in a process with one thread.
    pub fn populate(&self) {
        for range in &self.ranges {
            // What fails here is copied by a page fault later.
            let _ = self.populate_range(range.start, range.end);
        }
    }

    fn populate_range(&self, start: usize, end: usize) -> bool {
        if !self.writes {
            return madvise(start, end, MADV_POPULATE_WRITE).is_ok();
        }
        for page in (start..end).step_by(page_size()) {
            // SAFETY: a child has written to this private mapping, nothing is unmapped since, and a child has tried this.
            unsafe { write_to(page) };
        }
        true
    }
}

/// Whether the kernel knows the advice: not before Linux 5.14, and gVisor does not.
fn has_advice() -> bool {
    let Ok(page) = map(page_size()) else { return false };
    let start = page.addr();
    let known = madvise(start, start + page_size(), MADV_POPULATE_WRITE).is_ok();
    // SAFETY: mapped above.
    unsafe { libc::munmap(page, page_size()) };
    known
}

/// Writes to a page without changing it, so that it becomes this process's own.
///
/// # Safety
/// The page must be mapped and writable.
unsafe fn write_to(page: usize) {
    // To the processor this is a write, whatever it finds there (Intel's manual on CMPXCHG), and one page fault. Reading
    // first and writing that back would take two.
    // SAFETY: the caller's.
    let first = unsafe { AtomicU64::from_ptr(std::ptr::with_exposed_provenance_mut(page)) };
    let _ = first.compare_exchange(0, 0, Relaxed, Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(count: usize) -> usize {
        map(count * page_size()).unwrap().addr()
    }

    fn usage(written: Ranges) -> Usage {
        Usage { written, is_complete: true }
    }

    #[test]
    fn prefault_keeps_contents() {
        let page = page_size();
        let start = pages(3);
        // SAFETY: mapped above.
        let bytes = unsafe { std::slice::from_raw_parts_mut(start as *mut u8, 3 * page) };
        bytes.fill(7);
        for writes in [false, true] {
            let ranges = vec![start..start + page, start + page..start + 2 * page];
            Prefault { ranges, writes }.populate();
            assert!(bytes.iter().all(|byte| *byte == 7));
        }
    }

    #[test]
    fn prefault_leaves_out_what_is_not_writable() {
        let page = page_size();
        let start = pages(3);
        // SAFETY: mapped above.
        unsafe { libc::mprotect((start + page) as *mut _, page, libc::PROT_READ) };
        let ranges: Ranges =
            (0..3).map(|number| start + number * page..start + (number + 1) * page).collect();
        let made = Prefault::new(&usage(ranges.clone()));
        if has_advice() {
            let made = made.unwrap();
            assert_eq!(made.ranges, [ranges[0].clone(), ranges[2].clone()]);
            // The process that does it for real lives on.
            made.populate();
        } else {
            assert!(made.is_err());
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn prefault_leaves_out_what_a_key_guards() {
        let page = page_size();
        let start = pages(2);
        // Without keys in the processor or kernel, a read-only page gives the same errors.
        // SAFETY: mapped above; the key stays with this test's process.
        let has_keys = unsafe {
            let key = libc::syscall(libc::SYS_pkey_alloc, 0, 1);
            let rights = libc::PROT_READ | libc::PROT_WRITE;
            key > 0 && libc::syscall(libc::SYS_pkey_mprotect, start, page, rights, key) == 0
        };
        if !has_keys {
            // SAFETY: mapped above.
            unsafe { libc::mprotect(start as *mut _, page, libc::PROT_READ) };
        }
        println!("a real protection key: {has_keys}");
        let ranges = vec![start..start + page, start + page..start + 2 * page];
        match Prefault::new(&usage(ranges.clone())) {
            Ok(made) => assert_eq!(made.ranges, ranges[1..]),
            Err(_) => assert!(!has_advice(), "only writing by hand dies"),
        }
    }
}
