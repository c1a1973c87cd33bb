//! Has forks inherit what the zygote has mapped of files.
//!
//! A fork copies no page tables of a mapped file, as page faults can fill them again: a child finds the code of the C
//! library, and that of this program which is not in huge pages ([`super::huge`]), anew, one fault for every 64 KiB. The
//! kernel does copy them where the process has a page of its own in the mapping, as nothing else could bring that
//! back. So the zygote maps what a run was seen to use, and makes one page of each such mapping its own, with the same
//! bytes. That was half of a run's page faults.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;

use super::memory::{MADV_POPULATE_READ, Mapping, madvise, mappings};

/// Maps these ranges of memory, as first address and the address behind the last, and has forks inherit them. It has
/// no effect but on speed, so it fails without a word.
pub fn inherit(used: &[(usize, usize)]) {
    // Writing there goes by what may be written to at all, rather than by a mapping's rights, so that nothing is
    // writable and executable at once, not for a moment. Hardened kernels refuse, and then nothing is gained.
    let Ok(memory) = OpenOptions::new().read(true).write(true).open("/proc/self/mem") else { return };
    for mapping in mappings() {
        let mut is_used = false;
        for (start, end) in used {
            // Neighbours may be in two mappings.
            let (start, end) = (*start.max(&mapping.start), *end.min(&mapping.end));
            is_used |= start < end && madvise(start, end, MADV_POPULATE_READ).is_ok();
        }
        if is_used {
            let _ = own_a_page(&memory, &mapping);
        }
    }
}

/// Makes the first page of a mapping this process's own.
fn own_a_page(memory: &File, mapping: &Mapping) -> std::io::Result<()> {
    let mut byte = [0];
    memory.read_exact_at(&mut byte, mapping.start as u64)?;
    memory.write_all_at(&byte, mapping.start as u64)
}

#[cfg(test)]
mod tests {
    use super::super::memory::{PAGE, Pages};
    use super::super::zygote::in_a_child;
    use super::*;

    /// Maps a file, uses some of it, and has a child say what is mapped for it before it has touched anything.
    #[test]
    fn a_fork_has_what_was_used() {
        const PAGES: usize = 64;
        let file = tempfile::tempfile().unwrap();
        file.set_len((PAGES * PAGE) as u64).unwrap();
        file.write_all_at(b"x", (3 * PAGE) as u64).unwrap();
        let start = {
            use std::os::fd::AsRawFd;
            // SAFETY: new memory.
            let start = unsafe {
                let (rights, flags) = (libc::PROT_READ, libc::MAP_PRIVATE);
                libc::mmap(std::ptr::null_mut(), PAGES * PAGE, rights, flags, file.as_raw_fd(), 0)
            };
            assert_ne!(start, libc::MAP_FAILED);
            start.addr()
        };
        let used = (start + 3 * PAGE, start + 4 * PAGE);
        let in_fork = || {
            let (told, _) = in_a_child(|mut pipe| {
                use std::io::Write;
                let pages = Pages::open().and_then(|pages| pages.of(used.0, used.1)).unwrap();
                let _ = pipe.write_all(&[u8::from(pages[0].is_present())]);
            })
            .unwrap();
            told == [1]
        };
        inherit(&[]);
        assert!(!in_fork());
        inherit(&[used]);
        assert!(in_fork());
        // SAFETY: a page that can be read.
        assert_eq!(unsafe { (used.0 as *const u8).read_volatile() }, b'x');
    }
}
