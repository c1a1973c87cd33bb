//! What a runner gives up. What a fork inherits is put on once, by the zygote; the rest by each child.

use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;

use crate::limits::Limits;

/// How many files a runner may have open: its socket, three times `/dev/null`, the reading of its memory, and
/// a few to spare for the zygote's own.
const OPEN_FILES: u64 = 32;

/// Confines the zygote and so all its children. Gives what could not be had, in words.
pub fn zygote() -> Vec<String> {
    let mut missing = Vec::new();
    let mut note = |what: &str, result: nix::Result<()>| {
        if let Err(error) = result {
            missing.push(format!("{what}: {}", error.desc()));
        }
    };
    note("no new privileges", prctl::set_no_new_privs());
    note("not dumpable", prctl::set_dumpable(false));
    note("no core dumps", setrlimit(Resource::RLIMIT_CORE, 0, 0));
    note("few files open", setrlimit(Resource::RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES));
    missing
}

/// Confines a child, right after the fork.
pub fn child() {
    // What fails here failed for the zygote too, and was said there.
    let _ = prctl::set_pdeathsig(Signal::SIGKILL);
    // Not for the zygote, whose log may be a file.
    let _ = setrlimit(Resource::RLIMIT_FSIZE, 0, 0);
}

/// Bounds a child's run by what the kernel itself counts, a little above what the watch does: it is there
/// for when the watch is not.
pub fn run(limits: &Limits) {
    let seconds = limits.cpu_ms.div_ceil(1000) + 1;
    let _ = setrlimit(Resource::RLIMIT_CPU, seconds, seconds + 1);
}
