//! Which memory a run uses: recorded by a trial child as it leaves.
//!
//! The kernel's page map says which pages a process has of its own. Where there is no page map, as in gVisor, the child compares
//! its memory with a copy from before the run.

use std::ops::Range;

use super::super::address_space::{Mapping, map, mappings_with_keys, page_size};
use super::super::trial::OnExit;
use super::Ranges;
use super::fault::Fault;
use super::page_map::{Page, PageMap};

/// Room for the copy of memory, for the report and for the page map, in bytes each. More than malloc keeps in its heap, so that
/// each is a mapping of its own and only what is used of it takes memory.
const ROOM: usize = 64 << 20;
/// How many pages are read from the page map at once.
const PAGES_AT_ONCE: usize = 512;

/// What a run uses of the memory that its process began with.
pub struct Usage {
    /// What it writes to: private memory.
    pub written: Ranges,
    /// Whether that is all that it uses.
    pub is_complete: bool,
}

/// Records what a process uses. Made before the fork, as its own memory would count as used.
pub struct Recorder {
    mappings: Vec<Mapping>,
    source: Source,
    report: Vec<u8>,
    unwritable: Option<usize>,
}

/// What says which pages were used.
enum Source {
    /// The page map, with room for a piece of it.
    PageMap(Vec<Page>),
    /// A comparison: room for a copy of all writable memory.
    Copy(Vec<u8>),
}

/// Reads a recorder's report, in the process that made it.
pub struct ReportReader {
    boundaries: Vec<usize>,
    is_complete: bool,
    unwritable: Option<usize>,
}

impl Recorder {
    /// A recorder for a child that is forked next.
    ///
    /// # Errors
    /// In words, where this process can't see its own memory.
    pub fn new(fault: Option<&Fault>) -> Result<Self, String> {
        let unwritable = match fault {
            Some(fault) if fault.has_unwritable_page() => {
                Some(map(page_size()).map_err(|error| error.to_string())?.addr())
            }
            _ => None,
        };
        let has_page_map = PageMap::open().is_ok();
        let source = if has_page_map {
            Source::PageMap(Vec::with_capacity(ROOM / size_of::<Page>()))
        } else {
            Source::Copy(Vec::with_capacity(ROOM))
        };
        let report = Vec::with_capacity(ROOM);
        let mappings: Vec<Mapping> =
            mappings_with_keys().into_iter().filter(Mapping::is_private_writable).collect();
        if mappings.is_empty() {
            return Err("there is no /proc/self/maps".into());
        }
        Ok(Self { mappings, source, report, unwritable })
    }

    /// What reads the report of the child.
    pub fn finish(&self) -> ReportReader {
        ReportReader {
            boundaries: self.mappings.iter().map(|mapping| mapping.start).collect(),
            is_complete: matches!(self.source, Source::PageMap(_)),
            unwritable: self.unwritable,
        }
    }

    /// What the child does as it leaves. The recording begins when the child calls the outer function.
    pub fn on_exit(self) -> OnExit {
        Box::new(move || {
            let mut recorder = self;
            recorder.begin();
            Box::new(move || recorder.report())
        })
    }

    /// Before the run: copies what a comparison needs.
    fn begin(&mut self) {
        if let Some(page) = self.unwritable {
            // SAFETY: mapped above, and writable until the zygote changes that.
            unsafe { std::ptr::with_exposed_provenance_mut::<u8>(page).write_volatile(1) };
        }
        if let Source::Copy(before) = &mut self.source {
            for mapping in self.mappings.iter().filter(|mapping| mapping.is_private_writable()) {
                // What there is no room for is not compared, nor what follows it.
                let bytes = (mapping.end - mapping.start).min(before.capacity() - before.len());
                // SAFETY: nothing of it is unmapped, and this process has one thread.
                before.extend_from_slice(unsafe { memory_at(mapping.start, bytes) });
            }
        }
    }

    /// After the run: the addresses of all used pages. Nothing when they can't be read.
    fn report(self) -> Vec<u8> {
        let Self { mappings, source, mut report, .. } = self;
        let is_whole = match source {
            Source::PageMap(mut pages) => report_page_map(&mappings, &mut pages, &mut report).is_ok(),
            Source::Copy(before) => {
                report_changes(&mappings, &before, &mut report);
                true
            }
        };
        if is_whole { report } else { Vec::new() }
    }
}

impl ReportReader {
    /// The ranges that a report is about.
    pub fn usage(self, report: &[u8]) -> Usage {
        if let Some(page) = self.unwritable {
            // SAFETY: mapped by the recorder, and of no use to anything.
            unsafe {
                libc::mprotect(std::ptr::with_exposed_provenance_mut(page), page_size(), libc::PROT_READ);
            }
        }
        let (addresses, _) = report.as_chunks();
        let written = addresses.iter().map(|address| usize::from_ne_bytes(*address));
        Usage {
            written: ranges(written, &self.boundaries),
            is_complete: self.is_complete && !report.is_empty(),
        }
    }
}

/// Joins neighbouring pages of one mapping. `boundaries` are the first addresses of all mappings, in order.
fn ranges(pages: impl Iterator<Item = usize>, boundaries: &[usize]) -> Ranges {
    let mut ranges: Ranges = Vec::new();
    for page in pages {
        let next = page + page_size();
        match ranges.last_mut() {
            Some(Range { end, .. }) if *end == page && boundaries.binary_search(&page).is_err() => {
                *end = next;
            }
            _ => ranges.push(page..next),
        }
    }
    ranges
}

/// Writes down the pages that are this process's alone, and so were written to since the fork.
fn report_page_map(mappings: &[Mapping], some: &mut Vec<Page>, report: &mut Vec<u8>) -> std::io::Result<()> {
    let map = PageMap::open()?;
    let size = page_size();
    for mapping in mappings {
        for start in (mapping.start..mapping.end).step_by(PAGES_AT_ONCE * size) {
            some.resize(((mapping.end - start) / size).min(PAGES_AT_ONCE), Page::default());
            map.read(start, some)?;
            for (address, page) in (start..).step_by(size).zip(some.iter()) {
                if page.is_present() && !page.is_file() && page.is_exclusive() {
                    report.extend_from_slice(&address.to_ne_bytes());
                }
            }
        }
    }
    Ok(())
}

/// Writes down the pages that have other contents than before.
fn report_changes(mappings: &[Mapping], before: &[u8], report: &mut Vec<u8>) {
    let size = page_size();
    let pages = mappings.iter().filter(|mapping| mapping.is_private_writable());
    let pages = pages.flat_map(|mapping| (mapping.start..mapping.end).step_by(size));
    for (page, before) in pages.zip(before.chunks_exact(size)) {
        // SAFETY: as before the run. Other threads of a child that leaves may still write; either answer will do.
        if unsafe { memory_at(page, size) } != before {
            report.extend_from_slice(&page.to_ne_bytes());
        }
    }
}

/// The memory from an address on.
///
/// # Safety
/// It must be mapped and readable, and must not change while the slice lives.
unsafe fn memory_at<'a>(start: usize, bytes: usize) -> &'a [u8] {
    // SAFETY: the caller's.
    unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance(start), bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_neighbours_within_a_mapping() {
        let page = page_size();
        let pages = [1, 2, 3, 7, 9, 10].map(|number| number * page);
        let expected = [1..4, 7..8, 9..11].map(|it: Range<usize>| it.start * page..it.end * page);
        assert_eq!(ranges(pages.into_iter(), &[]), expected);
        assert_eq!(ranges(pages.into_iter(), &[page, 3 * page])[..2], [page..3 * page, 3 * page..4 * page]);
        assert!(ranges(std::iter::empty(), &[]).is_empty());
    }

    #[test]
    fn changed_pages_are_found_by_comparison() {
        let page = page_size();
        let start = map(4 * page).unwrap();
        let mapping = |permissions: &str, pages: Range<usize>| Mapping {
            start: start.addr() + pages.start * page,
            end: start.addr() + pages.end * page,
            permissions: permissions.into(),
            path: String::new(),
            has_protection_key: false,
        };
        let mappings = vec![mapping("rw-p", 0..2), mapping("r--p", 2..3), mapping("rw-p", 3..4)];
        let source = Source::Copy(Vec::with_capacity(3 * page));
        let mut recorder = Recorder { mappings, source, report: Vec::new(), unwritable: None };
        recorder.begin();
        for byte in [page + 1, 2 * page, 4 * page - 1] {
            // SAFETY: mapped above.
            unsafe { start.cast::<u8>().add(byte).write_volatile(1) };
        }
        let reader = recorder.finish();
        let usage = reader.usage(&recorder.report());
        let at = |number: usize| start.addr() + number * page;
        assert_eq!(usage.written, [at(1)..at(2), at(3)..at(4)]);
        assert!(!usage.is_complete);
    }
}
