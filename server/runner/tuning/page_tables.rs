//! Has forks inherit the page tables of mapped files.
//!
//! A fork copies no page tables of a mapped file, as page faults can fill them again. The kernel does copy them where the
//! process has a page of its own in the mapping. So the zygote maps what a run uses, and makes one page of each such
//! mapping its own, with the same bytes.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;

use super::super::address_space::{MADV_POPULATE_READ, Mapping, madvise, mappings};
use super::Ranges;

/// Maps these ranges of memory and has forks inherit them.
///
/// # Errors
/// In words, when that is not possible for any of them.
pub fn inherit(used: &Ranges) -> Result<(), String> {
    // This file ignores a mapping's permissions, so that nothing is writable and executable at once. Hardened kernels
    // refuse.
    let memory = OpenOptions::new().read(true).write(true).open("/proc/self/mem");
    let memory = memory.map_err(|error| format!("/proc/self/mem: {error}"))?;
    let mut result = Err("the use of files was not recorded".to_owned());
    for mapping in mappings() {
        let mut is_used = false;
        for range in used {
            let (start, end) = (range.start.max(mapping.start), range.end.min(mapping.end));
            is_used |= start < end && madvise(start, end, MADV_POPULATE_READ).is_ok();
        }
        if is_used {
            match own_a_page(&memory, &mapping) {
                Ok(()) => result = Ok(()),
                Err(error) if result.is_err() => result = Err(format!("/proc/self/mem: {error}")),
                Err(_) => {}
            }
        }
    }
    result
}

/// Makes the first page of a mapping this process's own.
fn own_a_page(memory: &File, mapping: &Mapping) -> std::io::Result<()> {
    let mut byte = [0];
    memory.read_exact_at(&mut byte, mapping.start as u64)?;
    memory.write_all_at(&byte, mapping.start as u64)
}

#[cfg(test)]
mod tests {
    use super::super::super::address_space::page_size;
    use super::super::super::trial::in_child;
    use super::super::page_map::PageMap;
    use super::*;

    /// Maps a file, uses some of it, and has a child say what is mapped for it before it has touched anything.
    #[test]
    fn a_fork_has_what_was_used() {
        const PAGES: usize = 64;
        let page = page_size();
        let file = tempfile::tempfile().unwrap();
        file.set_len((PAGES * page) as u64).unwrap();
        file.write_all_at(b"x", (3 * page) as u64).unwrap();
        let start = {
            use std::os::fd::AsRawFd;
            // SAFETY: new memory.
            let start = unsafe {
                let (rights, flags) = (libc::PROT_READ, libc::MAP_PRIVATE);
                libc::mmap(std::ptr::null_mut(), PAGES * page, rights, flags, file.as_raw_fd(), 0)
            };
            assert_ne!(start, libc::MAP_FAILED);
            start.addr()
        };
        let used = start + 3 * page..start + 4 * page;
        let in_fork = || {
            let (told, _) = in_child(|mut pipe| {
                use std::io::Write;
                let pages = PageMap::open().and_then(|map| map.range(used.start, used.end)).unwrap();
                let _ = pipe.write_all(&[u8::from(pages[0].is_present())]);
            })
            .unwrap();
            told == [1]
        };
        assert!(inherit(&vec![]).is_err());
        assert!(!in_fork());
        inherit(&vec![used.clone()]).unwrap();
        assert!(in_fork());
        // SAFETY: a page that can be read.
        assert_eq!(unsafe { (used.start as *const u8).read_volatile() }, b'x');
    }
}
