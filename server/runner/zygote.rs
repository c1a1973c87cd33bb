//! The zygote: a process with one thread and a warm runtime that never sees a visitor's code. It forks
//! children on request, reaps them, and says how they ended.

use std::cell::RefCell;
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

use super::child::Making;
use super::confine::{ChildConfinement, Confinement, Held, Strength, close_from};
use super::isolate::Template;
use super::trial::{Channel, OnExit, TrialError, silence};
use super::tuning::{Fault, Trials, Tuning};
use super::{Instead, address_space, catalogue, child, isolate, memory, trial};
use crate::protocol::runner::{ZygoteEvent, ZygoteRequest, ZygoteSpec};
use crate::tuning::Step;

/// The longest packet from the server.
const PACKET_BYTES: usize = 4096;

/// What a zygote is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the server says.
    pub spec: ZygoteSpec,
    /// How much of the confinement to put on.
    pub strength: Strength,
    /// What runs in place of programs, in tests.
    pub instead: Option<Instead>,
}

/// Why a zygote could not get ready.
struct Failure {
    /// The step whose trial failed, if it was one.
    step: Option<Step>,
    error: String,
}

impl From<String> for Failure {
    fn from(error: String) -> Self {
        Self { step: None, error }
    }
}

/// Runs the zygote around the control socket on standard input, until the server closes it or says so.
///
/// # Errors
/// In words, when it can't even start. The server has then been sent the same.
pub fn run(settings: Settings) -> Result<(), String> {
    let control =
        take_standard_input().map_err(|error| format!("no control socket on standard input: {error}"))?;
    match prepare(&control, settings) {
        Ok((mut zygote, ready)) => {
            send_event(&zygote.control, &ready);
            zygote.serve();
            Ok(())
        }
        Err(Failure { step, error }) => {
            send_event(&control, &ZygoteEvent::Failed { step, error: error.clone() });
            Err(error)
        }
    }
}

/// Gets ready to fork: V8 warm, tuned as far as that works here, confined. Each of the three has trials of its own.
fn prepare(control: &OwnedFd, settings: Settings) -> Result<(Zygote, ZygoteEvent), Failure> {
    let ZygoteSpec { heap_bytes, buffer_bytes, process_bytes, is_cold, ref tuning, .. } = settings.spec;
    let confinement = Confinement::begin(settings.strength)?;
    super::stack::install().map_err(|error| format!("signals can't be set up: {error}"))?;
    let unmasked = block_child_signal().map_err(|error| format!("signals can't be set up: {error}"))?;
    // While there are files.
    let notes = catalogue::load(settings.spec.modules_dir.as_deref());

    let fault = settings.spec.fault.as_deref().map(str::parse::<Fault>).transpose()?;
    let announce = |step: Option<Step>| send_event(control, &ZygoteEvent::Trying { step });
    let mut tuning = Tuning::new(tuning.clone(), fault);
    let mut candidate = Candidate { template: None, heap_bytes, buffer_bytes, channels: Vec::new() };
    if !is_cold {
        let mut warm = candidate.new_template()?;
        warm.warm_up();
        address_space::inherit_all_memory();
        candidate.template = Some(warm);
    }
    let mut held = candidate.held(&tuning);
    if held.is_err() && candidate.template.is_some() {
        // V8 has started in this process, so its children can't start it again: that takes another zygote.
        return Err("a warm runtime does not survive a fork here: the kernel does not copy V8's memory \
                    (MADV_DOFORK), or /proc is missing"
            .to_owned()
            .into());
    }
    if candidate.template.is_some() {
        tuning
            .in_zygote(&mut candidate, announce)
            .map_err(|(step, error)| Failure { step: Some(step), error })?;
        // The steps may have changed it. While there is a `/proc` to read it from.
        held = candidate.held(&tuning).or(held);
    } else {
        tuning = Tuning::off();
    }
    let runs_unconfined = held.is_ok();
    // The confined zygote makes no sockets. One trial, and one more if that fails.
    for _ in 0..2 {
        candidate.channels.push(Channel::new().map_err(|error| error.to_string())?);
    }
    let (confinement, layers) = confinement.complete(process_bytes, held.map_err(|error| error.to_string()));
    if let Err(error) = candidate.trial(&confinement, &tuning, None) {
        let plain = Tuning::off();
        if candidate.trial(&confinement, &plain, None).is_ok() {
            // What the steps do in each child does not go with the confinement. Prefaulting is the only one that can fail.
            return Err(Failure { step: Some(Step::Prefault), error: error.to_string() });
        }
        return Err(match (settings.strength, runs_unconfined) {
            (Strength::Off, _) | (_, false) => format!("processes can't run programs here: {error}"),
            _ => format!(
                "processes run programs here, but not with the confinement on: {error}. `mayfly doctor` shows \
                 what this machine offers. The setting sandbox.confinement=off serves without it, which is for \
                 trusted programs only"
            ),
        }
        .into());
    }
    let ready = ZygoteEvent::Ready {
        warm: candidate.template.is_some(),
        engine: isolate::engine(),
        notes,
        confinement: layers,
        tuning: tuning.reports(),
    };
    let control = control.try_clone().map_err(|error| format!("no descriptor is left: {error}"))?;
    let zygote = Zygote {
        control,
        settings,
        template: candidate.template,
        confinement,
        tuning,
        forks: 0,
        children: HashMap::new(),
        unmasked,
    };
    Ok((zygote, ready))
}

/// A zygote's runtime while it is tried.
struct Candidate {
    template: Option<Template>,
    heap_bytes: u64,
    buffer_bytes: u64,
    /// Made for trials that can't make their own.
    channels: Vec<Channel>,
}

impl Candidate {
    fn new_template(&self) -> Result<Template, String> {
        Template::new(self.heap_bytes, self.buffer_bytes)
    }

    /// Has a child of this zygote run a program.
    fn trial(
        &mut self,
        confinement: &ChildConfinement,
        tuning: &Tuning,
        on_exit: Option<OnExit>,
    ) -> Result<Vec<u8>, TrialError> {
        // Taken in the child only: a fork has a copy.
        let template = RefCell::new(&mut self.template);
        let (heap_bytes, buffer_bytes) = (self.heap_bytes, self.buffer_bytes);
        let channel = match self.channels.pop() {
            Some(channel) => channel,
            None => Channel::new()?,
        };
        trial::run(channel, on_exit, |socket| {
            tuning.in_child(None);
            let making = Making { confinement, tuning, number: None, instead: None };
            let template = template.borrow_mut().take();
            child::live(socket, &making, || match template {
                Some(template) => Ok(template),
                None => Template::new(heap_bytes, buffer_bytes),
            })
        })
    }

    /// What a child holds after a run, or why it did not run.
    fn held(&mut self, tuning: &Tuning) -> Result<Held, TrialError> {
        let starts_v8 = self.template.is_none();
        let on_exit: OnExit = Box::new(move || Box::new(move || Held::at_most(starts_v8).to_bytes().into()));
        let report = self.trial(&ChildConfinement::none(), tuning, Some(on_exit))?;
        let held = report.try_into().map(Held::from_bytes);
        held.map_err(|_| TrialError::Output("it did not report its size".into()))
    }
}

impl Trials for Candidate {
    fn run(&mut self, tuning: &Tuning, record: Option<OnExit>) -> Result<Vec<u8>, TrialError> {
        self.trial(&ChildConfinement::none(), tuning, record)
    }
}

fn send_event(control: &OwnedFd, event: &ZygoteEvent) {
    if let Ok(packet) = serde_json::to_vec(event) {
        // A server that is gone shows at the next wait.
        let _ = send(control.as_raw_fd(), &packet, MsgFlags::MSG_NOSIGNAL);
    }
}

struct Zygote {
    control: OwnedFd,
    settings: Settings,
    template: Option<Template>,
    confinement: ChildConfinement,
    tuning: Tuning,
    /// How many children it has forked.
    forks: u64,
    /// The server's names for the children, by process.
    children: HashMap<Pid, u64>,
    /// The signal mask in which children's ends are seen.
    unmasked: SigSet,
}

/// Takes the control socket from descriptor 0 and leaves `/dev/null` on the standard descriptors; errors stay
/// on descriptor 2, for the zygote's own.
fn take_standard_input() -> io::Result<OwnedFd> {
    let control = std::io::stdin().as_fd().try_clone_to_owned()?;
    let null = crate::system::null()?;
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
        self.forks += 1;
        // SAFETY: this process has one thread.
        match unsafe { libc::fork() } {
            0 => {
                // First of all, as a page fault copies what is touched before.
                let number = Some(self.forks);
                self.tuning.in_child(number);
                silence();
                // Takes the control socket's number, too: that one is not for children.
                let socket = UnixStream::from(keep_only(socket.into()));
                let mask = std::mem::replace(&mut self.unmasked, SigSet::empty());
                let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
                let Settings { spec: ZygoteSpec { heap_bytes, buffer_bytes, .. }, instead, .. } =
                    self.settings;
                let template = self.template.take();
                let making = Making { confinement: &self.confinement, tuning: &self.tuning, number, instead };
                child::live(socket, &making, || match template {
                    Some(template) => Ok(template),
                    None => Template::new(heap_bytes, buffer_bytes),
                })
            }
            -1 => self.tell(&ZygoteEvent::ForkFailed {
                id,
                error: crate::system::not_started(&Errno::last().into()),
            }),
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
        send_event(&self.control, event);
    }
}
