//! Puts the code that a zygote uses into huge pages.
//!
//! A fork copies no page tables of a mapped file: each child maps its code anew, one page fault for every 64 KiB, and
//! unmaps it as it ends. A fork does inherit anonymous huge pages: one entry for 2 MiB, and no fault.
//!
//! Code keeps its bytes, addresses and permissions (never writable and executable at once), and all processes of one
//! zygote share it. A zygote holds that memory once, as pages that can't be dropped and read again. Nothing is moved
//! where the kernel gives no huge pages: a fork would copy an entry for each small one.

use std::ffi::c_void;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::super::address_space::{Mapping, map, mappings, page_size};
use super::page_map::PageMap;

/// The size of a huge page where small ones have 4 KiB.
const HUGE: usize = 2 << 20;
/// The small pages that go with it. Other sizes are left alone.
const SMALL: usize = 4 << 10;
/// Where the kernel says whether there are huge pages.
const ENABLED: &str = "/sys/kernel/mm/transparent_hugepage/enabled";

static MOVED: AtomicU64 = AtomicU64::new(0);

/// How many bytes of code were moved. Every child holds them, and no program caused them.
pub fn unaccounted_bytes() -> u64 {
    MOVED.load(Relaxed)
}

/// Whether there are huge pages here.
///
/// # Errors
/// In words, what is missing.
fn probe() -> Result<(), String> {
    if page_size() != SMALL {
        return Err(format!("pages have {} bytes here", page_size()));
    }
    let enabled = std::fs::read_to_string(ENABLED).unwrap_or_default();
    if !enabled.contains("[always]") && !enabled.contains("[madvise]") {
        return Err(format!("{ENABLED} offers none"));
    }
    // SAFETY: reads a flag of this process.
    if unsafe { libc::prctl(libc::PR_GET_THP_DISABLE, 0, 0, 0, 0) } > 0 {
        return Err("they are disabled for this process (PR_SET_THP_DISABLE)".into());
    }
    Ok(())
}

/// Moves those blocks of this program's code and constants of which some page is in use. This process must have one
/// thread.
///
/// # Errors
/// In words, when nothing was moved.
pub fn move_code() -> Result<(), String> {
    probe()?;
    let program = std::fs::read_link("/proc/self/exe").map_err(|error| format!("/proc/self/exe: {error}"))?;
    let pages = PageMap::open().map_err(|error| format!("/proc/self/pagemap: {error}"))?;
    let mut failure = "none of the code fills a huge page".to_owned();
    for mapping in mappings() {
        let permissions = match mapping.permissions.as_str() {
            "r-xp" => libc::PROT_READ | libc::PROT_EXEC,
            "r--p" => libc::PROT_READ,
            _ => continue,
        };
        if program.as_os_str() != mapping.path.as_str() {
            continue;
        }
        let blocks = match used_blocks(&mapping, &pages) {
            Ok(blocks) => blocks,
            Err(error) => {
                failure = format!("/proc/self/pagemap: {error}");
                continue;
            }
        };
        for (start, end) in blocks {
            // SAFETY: this process has one thread, and the range is part of a mapping of its program.
            match unsafe { move_range(start, end, permissions) } {
                Ok(()) => {
                    MOVED.fetch_add((end - start) as u64, Relaxed);
                }
                Err(error) => failure = error.to_string(),
            }
        }
    }
    if MOVED.load(Relaxed) == 0 { Err(failure) } else { Ok(()) }
}

/// The aligned blocks in which a page was used, neighbours together. None in a mapping that was written to, as by
/// the dynamic linker: that is anonymous already.
fn used_blocks(mapping: &Mapping, pages: &PageMap) -> io::Result<Vec<(usize, usize)>> {
    let first = mapping.start.next_multiple_of(HUGE);
    let mut blocks: Vec<(usize, usize)> = Vec::new();
    for start in (first..mapping.end.saturating_sub(HUGE - 1)).step_by(HUGE) {
        let mut used = pages.range(start, start + HUGE)?;
        used.retain(|page| page.is_present());
        if used.iter().any(|page| !page.is_file()) {
            return Ok(Vec::new());
        }
        if used.is_empty() {
            continue;
        }
        match blocks.last_mut() {
            Some((_, end)) if *end == start => *end += HUGE,
            _ => blocks.push((start, start + HUGE)),
        }
    }
    Ok(blocks)
}

/// Puts a copy in huge pages in the place of a range.
///
/// # Safety
/// The range must be mapped, readable, not written to by anybody, and its ends multiples of [`HUGE`].
unsafe fn move_range(start: usize, end: usize, rights: libc::c_int) -> io::Result<()> {
    let length = end - start;
    // SAFETY: new memory, of which the aligned part is filled from a range that the caller says can be read. The
    // range is then replaced by that part in one step of the kernel's, bytes and rights being what they were.
    unsafe {
        let (space, room) = (map(length + HUGE)?, length + HUGE);
        let copy = space.byte_add(space.addr().next_multiple_of(HUGE) - space.addr());
        let moved = fill(copy, start as *const c_void, length, rights).and_then(|()| {
            let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
            match libc::mremap(copy, length, length, flags, start as *mut c_void) {
                libc::MAP_FAILED => Err(io::Error::last_os_error()),
                _ => Ok(()),
            }
        });
        // What is left of it: all, or the parts around what was moved away.
        let before = copy.addr() - space.addr();
        if moved.is_ok() {
            unmap(space, before);
            unmap(copy.byte_add(length), room - before - length);
        } else {
            unmap(space, room);
        }
        moved
    }
}

unsafe fn unmap(start: *mut c_void, length: usize) {
    if length > 0 {
        // SAFETY: the caller has no more use for it.
        unsafe { libc::munmap(start, length) };
    }
}

/// Makes `copy` a copy of what is at `from`, in huge pages, with these rights.
unsafe fn fill(copy: *mut c_void, from: *const c_void, length: usize, rights: libc::c_int) -> io::Result<()> {
    // SAFETY: both are as long as that, and `copy` is the caller's alone.
    unsafe {
        if libc::madvise(copy, length, libc::MADV_HUGEPAGE) != 0 {
            return Err(io::Error::last_os_error());
        }
        ptr::copy_nonoverlapping(from.cast::<u8>(), copy.cast::<u8>(), length);
        if libc::mprotect(copy, length, rights) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    // A machine whose memory is in pieces may have had none.
    if huge_bytes(copy.addr()) < length {
        return Err(io::Error::other("not all of it is in huge pages"));
    }
    Ok(())
}

/// How much of the mapping that begins there is in huge pages, in bytes.
fn huge_bytes(start: usize) -> usize {
    let all = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    let head = format!("{start:x}-");
    let mut lines = all.lines().skip_while(|line| !line.starts_with(&head));
    let kib = lines.find_map(|line| line.strip_prefix("AnonHugePages:"));
    kib.and_then(|kib| kib.trim().trim_end_matches(" kB").parse::<usize>().ok()).unwrap_or(0) << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moved_range_keeps_contents_and_permissions() {
        if probe().is_err() {
            return;
        }
        // SAFETY: new memory, used within its bounds.
        unsafe {
            let space = map(3 * HUGE).unwrap();
            let start = space.addr().next_multiple_of(HUGE);
            for at in (start..start + HUGE).step_by(SMALL) {
                std::ptr::with_exposed_provenance_mut::<usize>(at).write_volatile(at);
            }
            // A machine whose memory is in pieces may have no huge page: then nothing is changed.
            let _ = move_range(start, start + HUGE, libc::PROT_READ);
            for at in (start..start + HUGE).step_by(SMALL) {
                assert_eq!(std::ptr::with_exposed_provenance::<usize>(at).read_volatile(), at);
            }
        }
    }
}
