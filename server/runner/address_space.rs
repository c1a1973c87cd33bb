//! The address space of this process: its mappings, advice about them, and making all of them survive a fork.

use std::ffi::c_void;
use std::sync::LazyLock;

use nix::errno::Errno;

/// A mapping of this process.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The first address.
    pub start: usize,
    /// The address after the last.
    pub end: usize,
    /// Permissions, as `r-xp`.
    pub permissions: String,
    /// The path of the mapped file, or the kernel's name such as `[stack]`.
    pub path: String,
    /// Whether a memory protection key guards it: its permissions say "writable" and a write faults all the same.
    pub has_protection_key: bool,
}

impl Mapping {
    /// Whether it is private and its permissions allow writing.
    pub fn is_private_writable(&self) -> bool {
        self.permissions == "rw-p" && !self.has_protection_key
    }
}

/// All mappings of this process, in the order of their addresses; empty without `/proc`.
pub fn mappings() -> Vec<Mapping> {
    parse(&std::fs::read_to_string("/proc/self/maps").unwrap_or_default())
}

/// The same as [`mappings`], with protection keys, which takes longer to read.
pub fn mappings_with_keys() -> Vec<Mapping> {
    match std::fs::read_to_string("/proc/self/smaps") {
        Ok(text) => parse(&text),
        Err(_) => mappings(),
    }
}

/// Reads `/proc/PID/maps` or `/proc/PID/smaps`.
fn parse(text: &str) -> Vec<Mapping> {
    let mut mappings: Vec<Mapping> = Vec::new();
    for line in text.lines() {
        if let Some(mapping) = parse_head(line) {
            mappings.push(mapping);
        } else if let Some(key) = line.strip_prefix("ProtectionKey:")
            && let Some(mapping) = mappings.last_mut()
        {
            // Key 0 is the default one, which guards nothing.
            mapping.has_protection_key = key.trim() != "0";
        }
    }
    mappings
}

/// The line that begins a mapping: range, permissions, offset, device, inode, and the path after some spaces.
fn parse_head(line: &str) -> Option<Mapping> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    Some(Mapping {
        start: usize::from_str_radix(start, 16).ok()?,
        end: usize::from_str_radix(end, 16).ok()?,
        permissions: fields.next()?.to_owned(),
        path: fields.nth(3).unwrap_or_default().trim_start().to_owned(),
        has_protection_key: false,
    })
}

/// The size of a page, in bytes.
pub fn page_size() -> usize {
    static SIZE: LazyLock<usize> = LazyLock::new(|| {
        // SAFETY: reads a constant of the system.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(size).unwrap_or(4096)
    });
    *SIZE
}

/// Has the effect of a write to each page, without a change. Since Linux 5.14; the libc crate lacks it for some C
/// libraries.
pub const MADV_POPULATE_WRITE: libc::c_int = 23;

/// Gives the kernel advice that does not change what is read from `start` to `end`.
///
/// # Errors
/// The kernel's. `EINVAL` means an unknown advice, but also pages without the permission for it.
pub fn madvise(start: usize, end: usize, advice: libc::c_int) -> Result<(), Errno> {
    debug_assert!(matches!(advice, MADV_POPULATE_WRITE | libc::MADV_DOFORK));
    // SAFETY: none of these changes what is read there.
    Errno::result(unsafe { libc::madvise(start as *mut c_void, end - start, advice) }).map(drop)
}

/// Maps new memory of that many bytes, to read and to write, at an address that the kernel chooses.
///
/// # Errors
/// The kernel's: there is no memory.
pub fn map(bytes: usize) -> Result<*mut c_void, Errno> {
    let (rights, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: new memory replaces nothing.
    match unsafe { libc::mmap(std::ptr::null_mut(), bytes, rights, flags, -1, 0) } {
        libc::MAP_FAILED => Err(Errno::last()),
        memory => Ok(memory),
    }
}

/// Asks the kernel to copy all of this process's memory at a fork. V8 marks its own `MADV_DONTFORK`, so a child would
/// die at its first step. Whether it worked shows only in a child.
pub fn inherit_all_memory() {
    for Mapping { start, end, .. } in mappings() {
        // The kernel refuses for its own mappings (vdso), which are inherited anyway.
        let _ = madvise(start, end, libc::MADV_DOFORK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_have_permissions_and_paths() {
        for all in [mappings(), mappings_with_keys()] {
            let here = (mappings_have_permissions_and_paths as fn()) as usize;
            let code = all.iter().find(|mapping| (mapping.start..mapping.end).contains(&here)).unwrap();
            assert_eq!(code.permissions, "r-xp");
            assert_eq!(code.path, std::env::current_exe().unwrap().to_str().unwrap());
            assert!(all.iter().any(|mapping| mapping.path == "[stack]"));
        }
    }

    #[test]
    fn protection_keys_are_read_for_their_mapping() {
        let text = "7f00-8000 rw-p 00000000 00:00 0 \nSize: 4 kB\nProtectionKey:         0\n\
                    9000-a000 rw-p 00000000 00:00 0 \nRss: 4 kB\nProtectionKey:         1\nVmFlags: rd wr\n\
                    b000-c000 rw-p 00000000 00:00 0 [heap]\n";
        let all = parse(text);
        let keys: Vec<bool> = all.iter().map(|mapping| mapping.has_protection_key).collect();
        assert_eq!(keys, [false, true, false]);
        let writable: Vec<bool> = all.iter().map(Mapping::is_private_writable).collect();
        assert_eq!(writable, [true, false, true]);
        assert_eq!((all[1].start, all[1].end, all[2].path.as_str()), (0x9000, 0xa000, "[heap]"));
    }

    #[test]
    fn page_size_is_a_power_of_two() {
        assert!(page_size().is_power_of_two() && page_size() >= 4096, "{}", page_size());
    }
}
