//! Finds out which memory a run uses, so that each child can have it before its visitor waits.
//!
//! A fork shares its zygote's memory until somebody writes: the first write to each page stops the program for a copy.
//! Most of the pages are the same for all children, as they begin alike. So the zygote has one child live through a
//! small program of ours, which says as it leaves what it has written to; the others ask the kernel for copies of just
//! that, all at once, before they do anything else. It says, too, what it has of mapped files, which the zygote has all
//! inherit ([`super::mapped`]).

use std::fs::File;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use nix::errno::Errno;

use super::confine::ChildConfinement;
use super::isolate::Template;
use super::memory::{MADV_POPULATE_WRITE, Mapping, PAGE, Page, Pages, madvise, mappings};
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
    /// What the kernel says of some pages.
    pages: Vec<Page>,
    told: Vec<u8>,
    to: Option<File>,
}

/// Ranges of memory that a run writes to, as first address and the address behind the last.
#[derive(Default)]
pub struct Written(Vec<(usize, usize)>);

impl Written {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives this process copies of its own of all of it.
    pub fn copy(&self) {
        for &(start, end) in &self.0 {
            // What is not mapped is refused.
            if madvise(start, end, MADV_POPULATE_WRITE) == Err(Errno::EINVAL) {
                // The kernel does not know how. Each is then copied as it is written to.
                return;
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
}

/// Has a child of `template` live through a run. Gives what it used; nothing where the kernel does not say.
pub fn rehearse(template: &mut Option<Template>) -> Used {
    let mappings =
        mappings().into_iter().filter(|mapping| is_written(mapping) || is_of_a_file(mapping)).collect();
    let pages = Vec::with_capacity(ROOM / size_of::<Page>());
    let mut teller = Some(Teller { mappings, pages, told: Vec::with_capacity(ROOM), to: None });
    let heard = zygote::in_a_child(|pipe| {
        if let (Some(mut teller), Ok(mut mine)) = (teller.take(), TELLER.lock()) {
            teller.to = Some(pipe);
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
        child::live(theirs, &ChildConfinement::none(), None, true, || Ok(template))
    });
    let Ok((bytes, _)) = heard else { return Used::default() };
    let (told, _) = bytes.as_chunks();
    let (read, written): (Vec<usize>, Vec<usize>) =
        told.iter().map(|page| usize::from_ne_bytes(*page)).partition(|page| page & READ != 0);
    Used {
        written: Written(ranges(written.into_iter())),
        read: ranges(read.into_iter().map(|page| page & !READ)),
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
    /// Not to be part of who calls it: every process leaves that way, some from a handler of signals, on a stack of a few
    /// KiB.
    #[cold]
    #[inline(never)]
    fn tell(self) {
        let Self { mappings, pages: mut some, mut told, to } = self;
        let (Ok(pages), Some(mut to)) = (Pages::open(), to) else { return };
        for mapping in &mappings {
            for start in (mapping.start..mapping.end).step_by(PAGES_AT_ONCE * PAGE) {
                some.resize(((mapping.end - start) / PAGE).min(PAGES_AT_ONCE), Page::default());
                if pages.read(start, &mut some).is_err() {
                    return;
                }
                for (address, page) in (start..).step_by(PAGE).zip(&some) {
                    if let Some(used) = used(mapping, address, *page) {
                        told.extend_from_slice(&used.to_ne_bytes());
                    }
                }
            }
        }
        // Whoever asked has a time of its own to do without.
        let _ = to.write_all(&told);
    }
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
        // The last is not mapped.
        Written(vec![(start, start + PAGE), (PAGE, 2 * PAGE)]).copy();
        assert!(text.iter().all(|byte| *byte == 7));
    }
}
