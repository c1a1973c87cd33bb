//! Finds out which memory a run writes to, so that each child can have it copied before its visitor waits.
//!
//! A fork shares its zygote's memory until somebody writes: the first write to each page stops the program for a copy.
//! Most of the pages are the same for all children, as they begin alike. So the zygote has one child live through a
//! small program of ours, which says as it leaves what it has written to; the others ask the kernel for copies of just
//! that, all at once, before they are ready.

use std::ffi::c_void;
use std::fs::File;
use std::io::Write;
use std::os::fd::{FromRawFd, IntoRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use nix::errno::Errno;

use super::confine::ChildConfinement;
use super::isolate::Template;
use super::memory::{Mapping, PAGE, Page, Pages, mappings};
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

/// Where the child that rehearses says what it wrote; -1 in every other.
static TELL: AtomicI32 = AtomicI32::new(-1);

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
        // Since Linux 5.14; no crate has the number on all C libraries.
        const MADV_POPULATE_WRITE: libc::c_int = 23;
        for &(start, end) in &self.0 {
            // SAFETY: has the effect of a write to each page, less the change. What is not mapped is refused.
            if unsafe { libc::madvise(start as *mut c_void, end - start, MADV_POPULATE_WRITE) } != 0
                && Errno::last() == Errno::EINVAL
            {
                // Each is then copied as it is written to.
                return;
            }
        }
    }
}

/// Has a child of `template` live through a run. Gives what it wrote to that this process has, too; nothing where the
/// kernel does not say.
pub fn rehearse(template: &mut Option<Template>) -> Written {
    let heard = zygote::in_a_child(|pipe| {
        TELL.store(pipe.into_raw_fd(), Relaxed);
        let (Some(template), Ok((mut ours, theirs))) = (template.take(), UnixStream::pair()) else {
            super::link::exit(1)
        };
        let spec = spec().and_then(|spec| frame::write(&mut ours, RUN, &spec));
        if spec.is_err() {
            super::link::exit(1);
        }
        // A server that is gone would end the run.
        std::mem::forget(ours);
        child::live(theirs, &ChildConfinement::none(), None, &Written::default(), || Ok(template))
    });
    let Ok((bytes, _)) = heard else { return Written::default() };
    let (addresses, _) = bytes.as_chunks();
    Written(ranges(addresses.iter().map(|address| usize::from_ne_bytes(*address))))
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

/// As a child leaves: says what it wrote to, if it is the one that is asked.
pub fn tell() {
    let to: RawFd = TELL.swap(-1, Relaxed);
    if to < 0 {
        return;
    }
    // SAFETY: the descriptor was left for this.
    let mut to = unsafe { File::from_raw_fd(to) };
    let Ok(pages) = Pages::open() else { return };
    let addresses: Vec<u8> = mappings()
        .iter()
        .filter(|mapping| mapping.rights == "rw-p")
        .flat_map(|mapping| own_pages(mapping, &pages))
        .flat_map(usize::to_ne_bytes)
        .collect();
    // Whoever asked has a time of its own to do without.
    let _ = to.write_all(&addresses);
}

/// Pages of a mapping that are this process's alone, and so were written to since the fork.
fn own_pages(mapping: &Mapping, pages: &Pages) -> Vec<usize> {
    let pages = pages.of(mapping.start, mapping.end).unwrap_or_default();
    let is_own = |page: Page| page.is_present() && !page.is_of_a_file() && page.is_own();
    let addresses = (mapping.start..).step_by(PAGE);
    addresses.zip(pages).filter(|(_, page)| is_own(*page)).map(|(address, _)| address).collect()
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
