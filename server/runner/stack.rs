//! What happens when a program nests so deeply that reading it takes more stack than there is.
//!
//! The parser and whoever walks its tree recurse as deep as the program nests. V8 has a limit of its own, far from
//! the stack's end. So a fault while a program is read is the stack's end: the child leaves with a status of its own,
//! which the server turns into words, rather than be killed.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use crate::protocol::runner::EXIT_TOO_DEEP;

/// Whether a program is being read.
static READS: AtomicBool = AtomicBool::new(false);

extern "C" fn on_fault(signal: libc::c_int) {
    if READS.load(Relaxed) {
        super::link::exit(EXIT_TOO_DEEP);
    }
    // Any other fault is what it would have been: it happens again as soon as this returns.
    // SAFETY: allowed in a handler.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// Installs the handler, in the zygote for all children. The alternate stack that it runs on is the one that Rust gave
/// the main thread when the process began.
pub fn install() -> nix::Result<()> {
    let action = SigAction::new(
        SigHandler::Handler(on_fault),
        SaFlags::SA_ONSTACK | SaFlags::SA_NODEFER,
        SigSet::empty(),
    );
    for signal in [Signal::SIGSEGV, Signal::SIGBUS] {
        // SAFETY: the handler makes no call but those allowed in one.
        unsafe { sigaction(signal, &action) }?;
    }
    Ok(())
}

/// Does `read`, during which a fault is the end of the stack.
pub fn watched<T>(read: impl FnOnce() -> T) -> T {
    READS.store(true, Relaxed);
    let done = read();
    READS.store(false, Relaxed);
    done
}
