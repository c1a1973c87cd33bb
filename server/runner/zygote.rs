//! The zygote: a process with one thread and a warm runtime that never sees a visitor's code. It forks
//! children on request, reaps them, and says how they ended.

use std::collections::HashMap;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill, sigaction, sigprocmask,
};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixAddr, recvmsg, send};
use nix::unistd::Pid;

use super::isolate::Template;
use super::{child, confine, isolate, memory};
use crate::protocol::runner::{ZygoteEvent, ZygoteRequest};

/// The longest packet from the server.
const PACKET_BYTES: usize = 4096;

/// What the zygote is told on its command line.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What V8's heap may hold in a child, in bytes.
    pub heap_bytes: u64,
    /// What one WebAssembly memory may hold in a child, in bytes.
    pub buffer_bytes: u64,
    /// Start V8 in each child, even where a warm runtime can be forked.
    pub cold: bool,
}

/// Runs the zygote around the control socket on standard input, until the server is gone or says so.
///
/// # Errors
/// In words, when it can't even start.
pub fn run(settings: Settings) -> Result<(), String> {
    let control =
        take_standard_input().map_err(|error| format!("no control socket on standard input: {error}"))?;
    let mut notes = confine::zygote();
    let unmasked = block_child_signal().map_err(|error| format!("signals can't be set up: {error}"))?;

    let mut template = None;
    if !settings.cold {
        let mut warm = Template::new(settings.heap_bytes, settings.buffer_bytes)?;
        warm.warm_up();
        memory::inherit_all_memory();
        if child_survives(&mut warm) {
            template = Some(warm);
        } else {
            notes.push("a warm runtime does not survive a fork here, so each run starts V8 anew".into());
        }
    }
    let mut zygote = Zygote { control, settings, template, children: HashMap::new(), unmasked };
    zygote.tell(&ZygoteEvent::Ready { warm: zygote.template.is_some(), engine: isolate::engine(), notes });
    zygote.serve();
    Ok(())
}

struct Zygote {
    control: OwnedFd,
    settings: Settings,
    template: Option<Template>,
    /// The server's names for the children, by process.
    children: HashMap<Pid, u64>,
    /// The signal mask in which children's ends are seen.
    unmasked: SigSet,
}

/// Takes the control socket from descriptor 0 and leaves `/dev/null` on the standard descriptors; errors stay
/// on descriptor 2, for the zygote's own.
fn take_standard_input() -> io::Result<OwnedFd> {
    let control = std::io::stdin().as_fd().try_clone_to_owned()?;
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    for standard in 0..2 {
        // SAFETY: both descriptors are open; dup2 replaces the second.
        Errno::result(unsafe { libc::dup2(null.as_raw_fd(), standard) })?;
    }
    Ok(control)
}

/// Keeps SIGCHLD for the moments when the zygote waits. Gives the mask to wait with.
fn block_child_signal() -> nix::Result<SigSet> {
    extern "C" fn nothing(_: libc::c_int) {}
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing; it is there so that the signal interrupts a wait.
    unsafe { sigaction(Signal::SIGCHLD, &action) }?;
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGCHLD);
    let mut before = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&blocked), Some(&mut before))?;
    before.remove(Signal::SIGCHLD);
    Ok(before)
}

/// Whether a forked child can use the runtime: V8's memory may not have come along.
fn child_survives(template: &mut Template) -> bool {
    // SAFETY: this process has one thread.
    match unsafe { libc::fork() } {
        0 => {
            silence();
            template.warm_up();
            super::link::exit(0)
        }
        -1 => false,
        pid => {
            let mut status = 0;
            // SAFETY: waits for the child just made.
            while unsafe { libc::waitpid(pid, &raw mut status, 0) } == -1 && Errno::last() == Errno::EINTR {}
            libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
        }
    }
}

/// Nothing that a child prints is worth a line in the log, and a hostile one could fill it.
fn silence() {
    // SAFETY: descriptor 1 is /dev/null here.
    unsafe { libc::dup2(1, 2) };
}

impl Zygote {
    fn serve(&mut self) {
        let mut retired = false;
        loop {
            self.reap();
            if retired && self.children.is_empty() {
                return;
            }
            let mut polled = [PollFd::new(self.control.as_fd(), PollFlags::POLLIN)];
            match ppoll(&mut polled, None, Some(self.unmasked)) {
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(_) => return,
            }
            let Some((request, socket)) = self.receive() else { return };
            match request {
                ZygoteRequest::Fork { id } => {
                    if let Some(socket) = socket {
                        self.fork(id, socket);
                    }
                }
                ZygoteRequest::Kill { id } => {
                    // Not reaped yet, so the process is still the child's, alive or not.
                    for (pid, _) in self.children.iter().filter(|(_, child)| **child == id) {
                        let _ = kill(*pid, Signal::SIGKILL);
                    }
                }
                ZygoteRequest::Retire => retired = true,
            }
        }
    }

    fn fork(&mut self, id: u64, socket: UnixStream) {
        // SAFETY: this process has one thread.
        match unsafe { libc::fork() } {
            0 => {
                silence();
                // SAFETY: the child's copy of the control socket; it is not used after this.
                unsafe { libc::close(self.control.as_raw_fd()) };
                let mask = std::mem::replace(&mut self.unmasked, SigSet::empty());
                let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
                let Settings { heap_bytes, buffer_bytes, .. } = self.settings;
                let template = self.template.take();
                child::live(socket, || match template {
                    Some(template) => Ok(template),
                    None => Template::new(heap_bytes, buffer_bytes),
                })
            }
            -1 => self.tell(&ZygoteEvent::ForkFailed { id, error: Errno::last().desc().into() }),
            pid => {
                self.children.insert(Pid::from_raw(pid), id);
            }
        }
    }

    fn reap(&mut self) {
        loop {
            let mut status = 0;
            // SAFETY: wait4 fills what it is given; zeroes are a value of rusage.
            let (pid, usage) = unsafe {
                let mut usage: libc::rusage = std::mem::zeroed();
                (libc::wait4(-1, &raw mut status, libc::WNOHANG, &raw mut usage), usage)
            };
            if pid <= 0 {
                return;
            }
            let Some(id) = self.children.remove(&Pid::from_raw(pid)) else { continue };
            self.tell(&ZygoteEvent::Exited {
                id,
                status: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
                signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
                cpu_ms: memory::cpu_micros(&usage) / 1000,
                process_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) << 10,
            });
        }
    }

    /// The server's next request; `None` when it is gone.
    fn receive(&self) -> Option<(ZygoteRequest, Option<UnixStream>)> {
        let mut packet = [0; PACKET_BYTES];
        let mut space = nix::cmsg_space!(RawFd);
        let mut slices = [IoSliceMut::new(&mut packet)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let message =
            recvmsg::<UnixAddr>(self.control.as_raw_fd(), &mut slices, Some(&mut space), flags).ok()?;
        let mut socket = None;
        for control in message.cmsgs().ok()? {
            if let ControlMessageOwned::ScmRights(descriptors) = control {
                for descriptor in descriptors {
                    // SAFETY: the kernel just made this descriptor for us.
                    socket = Some(unsafe { UnixStream::from_raw_fd(descriptor) });
                }
            }
        }
        let length = message.bytes;
        let request = serde_json::from_slice(packet.get(..length)?).ok()?;
        Some((request, socket))
    }

    fn tell(&self, event: &ZygoteEvent) {
        if let Ok(packet) = serde_json::to_vec(event) {
            // A server that is gone shows at the next wait.
            let _ = send(self.control.as_raw_fd(), &packet, MsgFlags::MSG_NOSIGNAL);
        }
    }
}
