//! Finds out which memory a run uses, so that each child can have it before its visitor waits.
//!
//! A fork shares its zygote's memory until somebody writes: the first write to each page stops the program for a copy.
//! Most of the pages are the same for all children, as they begin alike. So the zygote has one child live through a
//! small program of ours, which says as it leaves what it has written to; the others take copies of just that, all at
//! once, before they do anything else. It says, too, what it has of mapped files, which the zygote has all inherit
//! ([`super::mapped`]).
//!
//! Where the kernel does not say what a process has of its own, as gVisor does not, the child compares all of its memory
//! with what was there before. What was only read does not show then, and so the others warm up besides.

use std::fs::File;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use nix::errno::Errno;

use super::confine::ChildConfinement;
use super::isolate::Template;
use super::memory::{MADV_POPULATE_WRITE, Mapping, PAGE, Page, Pages, madvise, mappings, write_to};
use super::{child, zygote};
use crate::limits::Limits;
use crate::policy::modules::Allowed;
use crate::protocol::browser::{Language, Mode};
use crate::protocol::frame;
use crate::protocol::runner::{RUN, RunSpec, Submission};

/// What is rehearsed: what next to every program does. What others write to besides is copied when they do; to copy
/// for all what only some need would cost the others more than it saves these.
const PROGRAM: &str = "console.log('Hello', { a: [1] });\n1 + 1";
/// What one piece of console output may take there, in bytes.
const MESSAGE_BYTES: u64 = 64 << 10;

/// Marks the address of a page that was not written to but read, in what a child tells.
const READ: usize = 1;
/// Room for what a child tells, and for what it asks the kernel, in bytes. More than malloc ever has in its heap, so that it
/// is memory of its own, of which just what is used counts.
const ROOM: usize = 64 << 20;
/// So many pages are asked for at once.
const PAGES_AT_ONCE: usize = 512;

/// What the child that rehearses tells with; nothing in every other.
static TELLER: Mutex<Option<Teller>> = Mutex::new(None);

/// Says what a process has used of what it had at first. It is made before that, as all that it would take for itself
/// then would count as used.
struct Teller {
    mappings: Vec<Mapping>,
    sees: Sees,
    told: Vec<u8>,
    to: Option<File>,
}

/// What tells which pages were used.
enum Sees {
    /// What the kernel says of some pages: room for that.
    Pages(Vec<Page>),
    /// What was in all of them, one after the other: room for that, until it is filled.
    Before(Vec<u8>),
}

/// Ranges of memory that a run writes to, as first address and the address behind the last.
#[derive(Default)]
pub struct Written(Vec<(usize, usize)>);

impl Written {
    /// Gives this process, which must have one thread, copies of its own of all of it.
    pub fn copy(&self) {
        let mut is_known = true;
        for &(start, end) in &self.0 {
            // What is not mapped is refused.
            is_known = is_known && madvise(start, end, MADV_POPULATE_WRITE) != Err(Errno::EINVAL);
            if !is_known {
                // SAFETY: it was this process's to write to when it was seen, and nothing is unmapped since.
                (start..end).step_by(PAGE).for_each(|page| unsafe { write_to(page) });
            }
        }
    }
}

/// What a run uses.
#[derive(Default)]
pub struct Used {
    /// What it writes to.
    pub written: Written,
    /// What it reads of mapped files, as first address and the address behind the last.
    pub read: Vec<(usize, usize)>,
    /// Whether that is all, so that a child that has it need not warm up.
    pub is_all: bool,
}

/// Has a child of `template` live through a run. Gives what it used; nothing where that can't be found out.
pub fn rehearse(template: &mut Option<Template>) -> Used {
    let mappings: Vec<Mapping> =
        mappings().into_iter().filter(|mapping| is_written(mapping) || is_of_a_file(mapping)).collect();
    let is_all = Pages::open().is_ok();
    let sees = if is_all {
        Sees::Pages(Vec::with_capacity(ROOM / size_of::<Page>()))
    } else {
        Sees::Before(Vec::with_capacity(ROOM))
    };
    let mut teller = Some(Teller { mappings, sees, told: Vec::with_capacity(ROOM), to: None });
    let heard = zygote::in_a_child(|pipe| {
        if let (Some(mut teller), Ok(mut mine)) = (teller.take(), TELLER.lock()) {
            teller.to = Some(pipe);
            teller.begin();
            *mine = Some(teller);
        }
        let (Some(template), Ok((mut ours, theirs))) = (template.take(), UnixStream::pair()) else {
            super::link::exit(1)
        };
        let spec = spec().and_then(|spec| frame::write(&mut ours, RUN, &spec));
        if spec.is_err() {
            super::link::exit(1);
        }
        // A server that is gone would end the run.
        std::mem::forget(ours);
        // As warm as the zygote is: what it takes to warm up no other child writes to.
        child::live(theirs, &ChildConfinement::none(), None, false, || Ok(template))
    });
    let Ok((bytes, _)) = heard else { return Used::default() };
    let (told, _) = bytes.as_chunks();
    let (read, written): (Vec<usize>, Vec<usize>) =
        told.iter().map(|page| usize::from_ne_bytes(*page)).partition(|page| page & READ != 0);
    Used {
        written: Written(ranges(written.into_iter())),
        read: ranges(read.into_iter().map(|page| page & !READ)),
        is_all,
    }
}

fn spec() -> std::io::Result<Vec<u8>> {
    let spec = RunSpec {
        program: Submission::of_source(PROGRAM.into(), Language::Javascript, Mode::Auto),
        input: None,
        limits: Limits::default(),
        message_bytes: MESSAGE_BYTES,
        fetches: 0,
        modules: Allowed::default(),
        display_bytes: MESSAGE_BYTES,
        prompts: 0,
        stdin: Vec::new(),
        is_attended: false,
        tells_usage: false,
        repl: false,
    };
    Ok(serde_json::to_vec(&spec)?)
}

/// Pages next to each other together.
fn ranges(pages: impl Iterator<Item = usize>) -> Vec<(usize, usize)> {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for page in pages {
        match ranges.last_mut() {
            Some((_, end)) if *end == page => *end += PAGE,
            _ => ranges.push((page, page + PAGE)),
        }
    }
    ranges
}

fn is_written(mapping: &Mapping) -> bool {
    mapping.rights == "rw-p"
}

fn is_of_a_file(mapping: &Mapping) -> bool {
    mapping.path.starts_with('/')
}

/// As a child leaves: says what it used, if it is the one that is asked.
pub fn tell() {
    // Only a thread that leaves holds it.
    if let Some(teller) = TELLER.try_lock().ok().and_then(|mut teller| teller.take()) {
        teller.tell();
    }
}

impl Teller {
    /// Before the run: keeps what is in memory, if that is what has to tell.
    fn begin(&mut self) {
        if let Sees::Before(before) = &mut self.sees {
            for mapping in self.mappings.iter().filter(|mapping| is_written(mapping)) {
                // More than there is room for is not seen, nor what is behind it.
                let bytes = (mapping.end - mapping.start).min(before.capacity() - before.len());
                // SAFETY: nothing of it is unmapped, and this process has one thread.
                before.extend_from_slice(unsafe { memory_at(mapping.start, bytes) });
            }
        }
    }

    /// Not to be part of who calls it: every process leaves that way, some from a handler of signals, on a stack of a few
    /// KiB.
    #[cold]
    #[inline(never)]
    fn tell(self) {
        let Self { mappings, sees, mut told, to } = self;
        let Some(mut to) = to else { return };
        let all = match sees {
            Sees::Pages(mut pages) => tell_used(&mappings, &mut pages, &mut told).is_ok(),
            Sees::Before(before) => {
                tell_changed(&mappings, &before, &mut told);
                true
            }
        };
        if all {
            // Whoever asked has a time of its own to do without.
            let _ = to.write_all(&told);
        }
    }
}

/// Writes down what the kernel says was used.
fn tell_used(mappings: &[Mapping], some: &mut Vec<Page>, told: &mut Vec<u8>) -> std::io::Result<()> {
    let pages = Pages::open()?;
    for mapping in mappings {
        for start in (mapping.start..mapping.end).step_by(PAGES_AT_ONCE * PAGE) {
            some.resize(((mapping.end - start) / PAGE).min(PAGES_AT_ONCE), Page::default());
            pages.read(start, some)?;
            for (address, page) in (start..).step_by(PAGE).zip(some.iter()) {
                if let Some(used) = used(mapping, address, *page) {
                    told.extend_from_slice(&used.to_ne_bytes());
                }
            }
        }
    }
    Ok(())
}

/// Writes down the pages in which something else is now than was before.
fn tell_changed(mappings: &[Mapping], before: &[u8], told: &mut Vec<u8>) {
    let pages = mappings.iter().filter(|mapping| is_written(mapping));
    let pages = pages.flat_map(|mapping| (mapping.start..mapping.end).step_by(PAGE));
    for (page, before) in pages.zip(before.chunks_exact(PAGE)) {
        // SAFETY: as before the run. What other threads of a child that leaves still write is not for this one to know.
        if unsafe { memory_at(page, PAGE) } != before {
            told.extend_from_slice(&page.to_ne_bytes());
        }
    }
}

/// What is in memory from an address on.
///
/// # Safety
/// It must be mapped, and stay as it is.
unsafe fn memory_at<'a>(start: usize, bytes: usize) -> &'a [u8] {
    // SAFETY: the caller's.
    unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance(start), bytes) }
}

/// A page that this process has used since the fork: its address if it is its alone, and so was written to, the same with
/// a mark if it is a file's.
fn used(mapping: &Mapping, address: usize, page: Page) -> Option<usize> {
    match page.is_of_a_file() {
        _ if !page.is_present() => None,
        false => (is_written(mapping) && page.is_own()).then_some(address),
        true => is_of_a_file(mapping).then_some(address | READ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::memory::map;
    use super::*;

    #[test]
    fn neighbours_are_one_range() {
        let pages = [1, 2, 3, 7, 9, 10].map(|page| page * PAGE);
        let together = [(1, 4), (7, 8), (9, 11)].map(|(start, end)| (start * PAGE, end * PAGE));
        assert_eq!(ranges(pages.into_iter()), together);
        assert_eq!(ranges([].into_iter()), []);
    }

    #[test]
    fn what_is_copied_stays_as_it_was() {
        let text = vec![7_u8; 3 * PAGE];
        let start = text.as_ptr().addr().next_multiple_of(PAGE);
        let mut written = vec![(start, start + PAGE)];
        if madvise(start, start + PAGE, MADV_POPULATE_WRITE).is_ok() {
            // It is not mapped.
            written.push((PAGE, 2 * PAGE));
        }
        Written(written).copy();
        // SAFETY: it is there.
        unsafe { write_to(start) };
        assert!(text.iter().all(|byte| *byte == 7));
    }

    #[test]
    fn what_changes_is_seen_by_itself() {
        let start = map(4 * PAGE).unwrap();
        let mapping = |rights: &str, pages: std::ops::Range<usize>| Mapping {
            start: start.addr() + pages.start * PAGE,
            end: start.addr() + pages.end * PAGE,
            rights: rights.into(),
            path: String::new(),
        };
        let mappings = vec![mapping("rw-p", 0..2), mapping("r--p", 2..3), mapping("rw-p", 3..4)];
        let sees = Sees::Before(Vec::with_capacity(3 * PAGE));
        let mut teller = Teller { mappings, sees, told: Vec::new(), to: None };
        teller.begin();
        for byte in [PAGE + 1, 2 * PAGE, 4 * PAGE - 1] {
            // SAFETY: it is there, and nobody else's.
            unsafe { start.cast::<u8>().add(byte).write_volatile(1) };
        }
        let Teller { mappings, sees: Sees::Before(before), mut told, .. } = teller else { unreachable!() };
        tell_changed(&mappings, &before, &mut told);
        let (told, _) = told.as_chunks();
        let pages: Vec<usize> =
            told.iter().map(|page| (usize::from_ne_bytes(*page) - start.addr()) / PAGE).collect();
        assert_eq!(pages, [1, 3]);
    }
}
