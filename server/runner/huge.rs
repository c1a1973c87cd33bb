//! Moves the code that a zygote uses into huge pages.
//!
//! A fork copies no page tables of a mapped file: each child finds its code anew, one page fault for every 64 KiB
//! that it touches, and takes it all apart again as it ends. That was two thirds of a run's page faults. Code in
//! anonymous huge pages is inherited by the fork: one entry for 2 MiB, and no fault at all.
//!
//! What is moved is the same bytes at the same addresses with the same rights (never writable and executable at
//! once), and all processes of one zygote share it. It costs a zygote that memory once, as pages that can't be
//! dropped and read again. Where the kernel gives no huge pages nothing is moved: in small ones the fork would have
//! to copy an entry for each.

use std::ffi::c_void;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::memory::{MADV_COLLAPSE, Mapping, PAGE, Pages, madvise, map, mappings};

/// What the processor maps with one entry, on all that we run on.
const HUGE: usize = 2 << 20;
/// Where the kernel says whether there are huge pages for who asks for them.
const ENABLED: &str = "/sys/kernel/mm/transparent_hugepage/enabled";

static MOVED: AtomicU64 = AtomicU64::new(0);

/// How many bytes of code were moved. A child holds all of them, and none of them is its program's.
pub fn moved_bytes() -> u64 {
    MOVED.load(Relaxed)
}

/// Moves those blocks of this program's code and constants of which some page has been used so far. It has no effect
/// but on speed, so it fails without a word.
///
/// # Safety
/// This process must have one thread.
pub unsafe fn move_code() {
    if !is_enabled() {
        return;
    }
    let (Ok(program), Ok(pages)) = (std::fs::read_link("/proc/self/exe"), Pages::open()) else {
        return;
    };
    for mapping in mappings() {
        let rights = match mapping.rights.as_str() {
            "r-xp" => libc::PROT_READ | libc::PROT_EXEC,
            "r--p" => libc::PROT_READ,
            _ => continue,
        };
        if program.as_os_str() != mapping.path.as_str() {
            continue;
        }
        for (start, end) in used_blocks(&mapping, &pages).unwrap_or_default() {
            // SAFETY: the caller answers for the one thread. The range is part of a mapping of ours.
            if unsafe { move_range(start, end, rights) }.is_ok() {
                MOVED.fetch_add((end - start) as u64, Relaxed);
            }
        }
    }
}

/// Puts what V8's heap has, of this process's own memory, into huge pages where it fills them: a fork then has one entry to
/// copy instead of 512. A child that writes there gets a copy of the small page alone. As above, it fails without a word.
pub fn collapse_memory() {
    if !is_enabled() {
        return;
    }
    let Ok(pages) = Pages::open() else { return };
    for mapping in mappings().iter().filter(|mapping| mapping.rights == "rw-p" && mapping.path.is_empty()) {
        let first = mapping.start.next_multiple_of(HUGE);
        for start in (first..mapping.end.saturating_sub(HUGE - 1)).step_by(HUGE) {
            let there = pages.of(start, start + HUGE).unwrap_or_default();
            if there.iter().filter(|page| page.is_present()).count() * 4 >= HUGE / PAGE * 3 {
                collapse(start);
            }
        }
    }
}

/// Puts a block into a huge page. Whether that went.
fn collapse(start: usize) -> bool {
    madvise(start, start + HUGE, MADV_COLLAPSE).is_ok()
}

/// Whether there are huge pages for who asks for them.
fn is_enabled() -> bool {
    let enabled = std::fs::read_to_string(ENABLED).unwrap_or_default();
    enabled.contains("[always]") || enabled.contains("[madvise]")
}

/// The aligned blocks in which a page was used, neighbours together. None in a mapping that was written to, as by
/// the dynamic linker: that is anonymous already.
fn used_blocks(mapping: &Mapping, pages: &Pages) -> io::Result<Vec<(usize, usize)>> {
    let first = mapping.start.next_multiple_of(HUGE);
    let mut blocks: Vec<(usize, usize)> = Vec::new();
    for start in (first..mapping.end.saturating_sub(HUGE - 1)).step_by(HUGE) {
        let mut used = pages.of(start, start + HUGE)?;
        used.retain(|page| page.is_present());
        if used.iter().any(|page| !page.is_of_a_file()) {
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
    fn memory_that_fills_huge_pages_gets_them_and_keeps_what_is_in_it() {
        // SAFETY: new memory, written to within its bounds.
        let start = unsafe {
            let space = map(4 * HUGE).unwrap();
            let start = space.addr().next_multiple_of(HUGE);
            libc::madvise(space, 4 * HUGE, libc::MADV_NOHUGEPAGE);
            for at in (start..start + 2 * HUGE).step_by(PAGE) {
                (at as *mut usize).write_volatile(at);
            }
            libc::madvise(space, 4 * HUGE, libc::MADV_HUGEPAGE);
            start
        };
        let in_huge_pages = || {
            let all = std::fs::read_to_string("/proc/self/smaps").unwrap();
            let ours = all.split_inclusive("VmFlags:").find(|it| {
                let range =
                    it.lines().find(|line| line.contains("rw-p")).and_then(|line| line.split(' ').next());
                let ends = range.and_then(|range| range.split_once('-'));
                ends.is_some_and(|(from, to)| {
                    let [from, to] = [from, to].map(|end| usize::from_str_radix(end, 16).unwrap());
                    from <= start && start + 2 * HUGE <= to
                })
            });
            let line = ours.unwrap().lines().find_map(|line| line.strip_prefix("AnonHugePages:")).unwrap();
            line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
        };
        let can = collapse(start) && is_enabled();
        collapse_memory();
        if can {
            assert!(in_huge_pages() >= 2 * HUGE);
        }
        for at in (start..start + 2 * HUGE).step_by(PAGE) {
            // SAFETY: as above.
            assert_eq!(unsafe { (at as *const usize).read_volatile() }, at);
        }
    }
}
