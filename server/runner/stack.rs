//! What happens when a program nests so deeply that reading it takes more stack than there is.
//!
//! The parser and whoever walks its tree recurse as deep as the program nests. V8 has a limit of its own, far from
//! the stack's end. So a fault while a program is read is the stack's end: the child leaves with a status of its own,
//! which the server turns into words, rather than be killed.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::address_space::{map, page_size};
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

/// The stack that the handler runs on, in bytes. The kernel puts all registers of the processor on it first, which are
/// 11 KiB where there are tiles of matrices (AMX). Rust gives its main thread one of 8 KiB where the kernel does not say how
/// much it takes, as gVisor does not.
const HANDLER_BYTES: usize = 64 << 10;

/// Installs the handler, in the zygote for all children, and a stack for it to run on.
pub fn install() -> nix::Result<()> {
    give_handler_a_stack()?;
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

/// Gives this thread, and those that a fork makes of it, a stack for handlers of signals.
fn give_handler_a_stack() -> nix::Result<()> {
    let memory = map(page_size() + HANDLER_BYTES)?;
    // SAFETY: it is new, and never freed. A fault at its lower end, which is without rights, is as deadly as it should be.
    unsafe {
        Errno::result(libc::mprotect(memory, page_size(), libc::PROT_NONE))?;
        let stack =
            libc::stack_t { ss_sp: memory.byte_add(page_size()), ss_flags: 0, ss_size: HANDLER_BYTES };
        Errno::result(libc::sigaltstack(&raw const stack, std::ptr::null_mut())).map(drop)
    }
}

/// Does `read`, during which a fault is the end of the stack.
pub fn watched<T>(read: impl FnOnce() -> T) -> T {
    READS.store(true, Relaxed);
    let done = read();
    READS.store(false, Relaxed);
    done
}
