//! The zygote: a process with one thread and a warm runtime that never sees a visitor's code. It forks
//! children on request, reaps them, and says how they ended.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, IoSliceMut, Read as _, Write as _};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill, sigaction, sigprocmask,
};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixAddr, recvmsg, send};
use nix::unistd::Pid;

use super::confine::{ChildConfinement, Confinement, Held, Strength, close_from};
use super::isolate::Template;
use super::rehearsal::{self, Used, Written};
use super::{Instead, addresses, catalogue, child, huge, isolate, mapped, memory};
use crate::protocol::runner::{ZygoteEvent, ZygoteRequest};

/// The longest packet from the server.
const PACKET_BYTES: usize = 4096;

/// What the zygote is told on its command line.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What V8's heap may hold in a child, in bytes.
    pub heap_bytes: u64,
    /// What one WebAssembly memory may hold in a child, in bytes.
    pub buffer_bytes: u64,
    /// What a child may hold resident, in bytes.
    pub process_bytes: u64,
    /// Start V8 in each child, even where a warm runtime can be forked.
    pub cold: bool,
    /// How much of the confinement to put on.
    pub strength: Strength,
    /// The operator's folder of modules.
    pub modules: Option<PathBuf>,
    /// What runs in the place of programs, in tests.
    pub instead: Option<Instead>,
}

/// Runs the zygote around the control socket on standard input, until the server is gone or says so.
///
/// # Errors
/// In words, when it can't even start.
pub fn run(settings: Settings) -> Result<(), String> {
    let control =
        take_standard_input().map_err(|error| format!("no control socket on standard input: {error}"))?;
    let confinement = Confinement::begin(settings.strength)?;
    super::stack::install().map_err(|error| format!("signals can't be set up: {error}"))?;
    let unmasked = block_child_signal().map_err(|error| format!("signals can't be set up: {error}"))?;
    // While there are files.
    let mut notes = catalogue::load(settings.modules.as_deref());

    let new = || Template::new(settings.heap_bytes, settings.buffer_bytes);
    let mut template = None;
    if !settings.cold {
        addresses::side_by_side();
        let mut warm = new()?;
        warm.warm_up();
        // SAFETY: this process has one thread.
        unsafe { huge::move_code() };
        memory::trim();
        memory::inherit_all_memory();
        huge::collapse_memory();
        template = Some(warm);
    }
    // V8's memory may not have come along with a fork.
    let mut tried = try_out(template.is_none(), || warm_up(template.as_mut(), new));
    if let (Err(reason), true) = (&tried, template.is_some()) {
        notes.push(format!(
            "a warm runtime does not survive a fork here ({reason}), so each run starts V8 anew"
        ));
        template = None;
        tried = try_out(true, || warm_up(None, new));
    }
    // While there is a `/proc` to look into.
    let Used { written, read, is_all } =
        if template.is_some() { rehearsal::rehearse(&mut template) } else { Used::default() };
    mapped::inherit(&read);
    let (confinement, layers) = confinement.complete(settings.process_bytes, tried);
    try_out(template.is_none(), || {
        written.copy();
        confinement.begin();
        // What is sealed can't start V8 any more.
        let mut cold = if template.is_none() { Some(new()?) } else { None };
        confinement.seal()?;
        warm_up(template.as_mut().or(cold.as_mut()), new)
    })
    .map_err(|reason| {
        format!(
            "a confined process can't run programs here: {reason}. The setting sandbox.confinement can be `off`, \
             for trusted programs"
        )
    })?;
    let children = HashMap::new();
    let mut zygote =
        Zygote { control, settings, template, confinement, written, warms_up: !is_all, children, unmasked };
    let (warm, engine) = (zygote.template.is_some(), isolate::engine());
    zygote.tell(&ZygoteEvent::Ready { warm, engine, notes, confinement: layers });
    zygote.serve();
    Ok(())
}

fn warm_up(
    template: Option<&mut Template>,
    new: impl FnOnce() -> Result<Template, String>,
) -> Result<(), String> {
    match template {
        Some(template) => template.warm_up(),
        None => new()?.warm_up(),
    }
    Ok(())
}

struct Zygote {
    control: OwnedFd,
    settings: Settings,
    template: Option<Template>,
    confinement: ChildConfinement,
    /// What a run is known to write to.
    written: Written,
    /// Whether there is more that a run uses, so that each child warms up.
    warms_up: bool,
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
    drop(null);
    Ok(keep_only(control))
}

/// Closes every descriptor but the standard ones and this, wherever they came from, and gives it a low number.
fn keep_only(kept: OwnedFd) -> OwnedFd {
    const FIRST: RawFd = 3;
    // SAFETY: the number is either `kept`'s own or one that is closed next. What this process has open is
    // the caller's, who says that nothing else is in use.
    unsafe {
        if kept.as_raw_fd() != FIRST {
            libc::dup2(kept.as_raw_fd(), FIRST);
        }
        std::mem::forget(kept);
        close_from(FIRST + 1);
        OwnedFd::from_raw_fd(FIRST)
    }
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

/// Forks a child that only tries whether `life`, in which V8 starts or not, can be lived. Gives what the child
/// held, or how it ended before its time, in words.
fn try_out(starts_v8: bool, life: impl FnOnce() -> Result<(), String>) -> Result<Held, String> {
    let (told, status) = in_a_child(|mut pipe| {
        let lived = life();
        let held = Held::at_most(starts_v8);
        let told = lived.is_ok() && pipe.write_all(&held.to_bytes()).is_ok();
        super::link::exit(i32::from(!told))
    })?;
    match (told.try_into(), libc::WIFSIGNALED(status)) {
        (Ok(bytes), false) => Ok(Held::from_bytes(bytes)),
        (_, true) => Err(format!("it was killed by signal {}", libc::WTERMSIG(status))),
        (Err(_), false) => Err(format!("it left with status {}", libc::WEXITSTATUS(status))),
    }
}

/// Forks a child that lives `life`, which gets a pipe to write to and should leave by itself. Gives what it wrote, and its
/// status. To be called
/// while this process has one thread.
pub(super) fn in_a_child(life: impl FnOnce(File)) -> Result<(Vec<u8>, libc::c_int), String> {
    let (reading, writing) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|error| error.desc().to_owned())?;
    // SAFETY: this process has one thread.
    match unsafe { libc::fork() } {
        0 => {
            silence();
            life(writing.into());
            super::link::exit(1)
        }
        -1 => Err(Errno::last().desc().to_owned()),
        pid => {
            drop(writing);
            let mut told = Vec::new();
            let read = File::from(reading).read_to_end(&mut told);
            let mut status = 0;
            // SAFETY: waits for the child just made.
            while unsafe { libc::waitpid(pid, &raw mut status, 0) } == -1 && Errno::last() == Errno::EINTR {}
            read.map_err(|error| error.to_string())?;
            Ok((told, status))
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
                // First of all, as else each page is copied by itself as it is met.
                self.written.copy();
                silence();
                // Takes the control socket's number, too: that one is not for children.
                let socket = UnixStream::from(keep_only(socket.into()));
                let mask = std::mem::replace(&mut self.unmasked, SigSet::empty());
                let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
                let Settings { heap_bytes, buffer_bytes, instead, .. } = self.settings;
                let template = self.template.take();
                child::live(socket, &self.confinement, instead, self.warms_up, || match template {
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
                process_bytes: memory::resident_peak(&usage),
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
