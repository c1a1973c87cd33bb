//! Limits that the kernel keeps, and who dies first when the machine is out of memory.

use std::io;
use std::os::fd::RawFd;

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

use super::failed;

/// How many files the zygote may have open: its control socket, three times `/dev/null`, a child's socket.
const ZYGOTE_FILES: rlim_t = 16;
/// The stack of the main thread. V8 keeps to 1 MiB of it.
const STACK_BYTES: rlim_t = 8 << 20;
/// What a child may take beyond what the zygote holds and a run may hold: stacks, V8's spare pages, the moment
/// in which something that grows is there twice.
const SPARE_BYTES: rlim_t = 128 << 20;

/// What a process holds of the things that are limited.
#[derive(Clone, Copy, Default)]
pub struct Held {
    address_space: rlim_t,
    data: rlim_t,
}

impl Held {
    /// What this process held at most, or where `/proc` does not say, 0. A process that did not start V8 itself
    /// holds now as much as it ever did, and gVisor's `/proc` knows only that.
    pub fn at_most(started_v8: bool) -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let read = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches(" kB").parse::<rlim_t>().ok().map(|kib| kib << 10)
        };
        // V8 starts by reserving far more than it keeps.
        let address_space = read("VmPeak:").or_else(|| if started_v8 { None } else { read("VmSize:") });
        Self { address_space: address_space.unwrap_or(0), data: read("VmData:").unwrap_or(0) }
    }

    /// For a pipe.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.address_space.to_ne_bytes());
        bytes[8..].copy_from_slice(&self.data.to_ne_bytes());
        bytes
    }

    /// What [`Held::to_bytes`] made bytes of.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let half = |from: usize| std::array::from_fn(|at| bytes[from + at]);
        Self { address_space: rlim_t::from_ne_bytes(half(0)), data: rlim_t::from_ne_bytes(half(8)) }
    }
}

/// Makes threads share one arena of malloc. Each would else map one of 128 MiB as it starts: address space
/// that is limited here, and three system calls of every child's.
pub fn one_arena() {
    #[cfg(target_env = "gnu")]
    // SAFETY: no thread but this one is there.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// A machine out of memory ends runners first. A child holds all that its zygote holds and more, so of the
/// two the child is the first.
pub fn die_first() -> Result<(), String> {
    let write = || -> io::Result<()> { std::fs::write("/proc/self/oom_score_adj", "1000") };
    write().map_err(|error| format!("/proc/self/oom_score_adj: {error}"))
}

/// Limits the zygote and so its children, but for memory. One that can't be set is no reason to leave another.
pub fn limit_zygote() -> Result<(), String> {
    let limits = [
        (Resource::RLIMIT_CORE, 0, "core dumps"),
        (Resource::RLIMIT_MEMLOCK, 0, "locked memory"),
        (Resource::RLIMIT_MSGQUEUE, 0, "message queues"),
        (Resource::RLIMIT_STACK, STACK_BYTES, "the stack"),
        (Resource::RLIMIT_NOFILE, ZYGOTE_FILES, "open files"),
    ];
    let limit = |(resource, most, name)| lower(resource, most).err().map(|error| failed(name, error));
    let failures: Vec<String> = limits.into_iter().filter_map(limit).collect();
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!("{} (the other limits are set)", failures.join(", ")))
}

/// Limits the memory of the zygote and so of its children. Takes as given what an idle child holds: V8 reserves
/// address space by the gigabyte, and only what is added to it is a program's.
pub fn limit_memory(idle: Result<Held, String>, process_bytes: u64) -> Result<(), String> {
    let added = process_bytes.saturating_add(SPARE_BYTES);
    let held = idle.map_err(|reason| format!("a process that was tried out said nothing, {reason}"))?;
    if held.address_space == 0 {
        return Err("/proc/self/status does not say how much address space V8 takes to start".into());
    }
    lower(Resource::RLIMIT_AS, held.address_space.saturating_add(added))
        .map_err(|error| failed("address space", error))?;
    lower(Resource::RLIMIT_DATA, held.data.saturating_add(added)).map_err(|error| failed("data", error))
}

/// Closes every descriptor from this number on.
///
/// # Safety
/// Nothing may use them any more.
pub unsafe fn close_from(first: RawFd) {
    // SAFETY: the caller answers for it.
    if unsafe { libc::close_range(first as libc::c_uint, libc::c_uint::MAX, 0) } == 0 {
        return;
    }
    // Linux before 5.9 and gVisor can only close one after the other. There may be a million numbers to try, so
    // those that are open are looked up, where that can be had.
    let close = |descriptor: RawFd| {
        // SAFETY: as above; what is not open can't be closed.
        unsafe { libc::close(descriptor) };
    };
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        let open: Vec<RawFd> =
            open.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        open.into_iter().filter(|descriptor| *descriptor >= first).for_each(close);
        return;
    }
    let most = getrlimit(Resource::RLIMIT_NOFILE)
        .map_or(RawFd::MAX, |(most, _)| RawFd::try_from(most).unwrap_or(RawFd::MAX));
    (first..most).for_each(close);
}

/// Limits a child, right after the fork.
pub fn limit_child() {
    // Not for the zygote, whose log may be a file.
    let _ = lower(Resource::RLIMIT_FSIZE, 0);
}

/// How many descriptors a child polls at once, which is bounded by what it may have open. All numbers below
/// that are taken, so it can open none.
const POLLED_FILES: u64 = 2;

/// A child opens nothing and starts nothing from here on.
pub fn seal_child() -> nix::Result<()> {
    lower(Resource::RLIMIT_NOFILE, POLLED_FILES)?;
    lower(Resource::RLIMIT_NPROC, 0)
}

/// Limits CPU time from the process's start.
pub fn limit_cpu(cpu_ms: u64) {
    let seconds = cpu_ms.div_ceil(1000) + 1;
    let _ = setrlimit(Resource::RLIMIT_CPU, seconds, seconds + 1);
}

/// Sets both limits to `most`, or to what is already the most.
fn lower(resource: Resource, most: rlim_t) -> nix::Result<()> {
    let most = if most == 0 { 0 } else { most.min(getrlimit(resource)?.1) };
    setrlimit(resource, most, most)
}
