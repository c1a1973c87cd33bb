//! A trial: a child of the zygote that runs a program of ours, to see whether children made this way can run programs.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::link::exit;
use crate::limits::Limits;
use crate::policy::modules::Allowed;
use crate::protocol::browser::{Language, Mode};
use crate::protocol::frame::{self, Decoder};
use crate::protocol::runner::{CONSOLE, Ending, FINISHED, FinishedSpec, READY, RUN, RunSpec, Submission};

/// What nearly every program does. What other programs need besides is for them to load: to prepare it for all would cost
/// the others more than it saves these.
const PROGRAM: &str = "console.log('Hello', { a: [1] });\n1 + 1";
/// The longest console event of the trial's program, in bytes.
const MESSAGE_BYTES: u64 = 64 << 10;
/// The longest frame that a trial may send, in bytes.
const FRAME_BYTES: u32 = 1 << 20;

/// Why a child did not run the trial's program to its end.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// It could not be forked.
    #[error("a process can't be started: {0}")]
    Fork(String),
    /// A signal ended it.
    #[error("the trial process was killed by signal {0} ({name})", name = signal_name(*.0))]
    Signal(i32),
    /// It exited early.
    #[error("the trial process exited with status {0} before its program had run")]
    Status(i32),
    /// It ran something else than the program.
    #[error("the trial process did not run its program: {0}")]
    Output(String),
}

/// The name of a signal, as `SIGSEGV`.
fn signal_name(number: i32) -> &'static str {
    nix::sys::signal::Signal::try_from(number).map_or("unknown", |signal| signal.as_str())
}

/// Called in the child before its program; what that returns is called as the child leaves, and gives bytes to report.
pub type OnExit = Box<dyn FnOnce() -> Box<dyn FnOnce() -> Vec<u8> + Send>>;

/// What this process does as it leaves, in a child that reports something; nothing in all others.
static AT_EXIT: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

/// Does what this process has to do as it leaves.
///
/// Not inlined: every process leaves through the caller, some from a signal handler with a stack of a few KiB.
#[cold]
#[inline(never)]
pub fn at_exit() {
    // Only a thread that leaves holds the lock.
    if let Some(act) = AT_EXIT.try_lock().ok().and_then(|mut act| act.take()) {
        act();
    }
}

/// The two ends of a socket with the program in it.
pub struct Channel {
    ours: UnixStream,
    theirs: UnixStream,
}

impl Channel {
    /// A new one. A confined zygote can make none.
    ///
    /// # Errors
    /// The system's.
    pub fn new() -> Result<Self, TrialError> {
        let fork = |error: std::io::Error| TrialError::Fork(error.to_string());
        let (mut ours, theirs) = UnixStream::pair().map_err(fork)?;
        let spec = serde_json::to_vec(&spec()).map_err(|error| TrialError::Fork(error.to_string()))?;
        frame::write(&mut ours, RUN, &spec).map_err(fork)?;
        ours.set_nonblocking(true).map_err(fork)?;
        Ok(Self { ours, theirs })
    }
}

/// Forks a child that lives `life` with its end of the channel, and has it run the program. Gives what `on_exit` reported.
///
/// # Errors
/// [`TrialError`].
pub fn run(
    channel: Channel,
    on_exit: Option<OnExit>,
    life: impl FnOnce(UnixStream),
) -> Result<Vec<u8>, TrialError> {
    let Channel { ours, theirs } = channel;
    let mut theirs = Some(theirs);
    let (report, status) = in_child(|mut pipe| {
        if let Some(on_exit) = on_exit {
            let report = on_exit();
            let act = move || {
                // The zygote does without a report that it does not get.
                let _ = pipe.write_all(&report());
            };
            if let Ok(mut at_exit) = AT_EXIT.lock() {
                *at_exit = Some(Box::new(act));
            }
        }
        if let Some(theirs) = theirs.take() {
            life(theirs);
        }
    })
    .map_err(TrialError::Fork)?;
    drop(theirs);
    if libc::WIFSIGNALED(status) {
        return Err(TrialError::Signal(libc::WTERMSIG(status)));
    }
    if libc::WEXITSTATUS(status) != 0 {
        return Err(TrialError::Status(libc::WEXITSTATUS(status)));
    }
    check_output(ours).map_err(TrialError::Output)?;
    Ok(report)
}

/// Reads what the child has sent: `READY`, output, and a report that says that the program ran to its end.
fn check_output(mut socket: UnixStream) -> Result<(), String> {
    let mut bytes = Vec::new();
    match socket.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionReset) => {}
        Err(error) => return Err(error.to_string()),
    }
    let mut sent = bytes.as_slice();
    let mut decoder = Decoder::new(FRAME_BYTES);
    let mut kinds = Vec::new();
    while let Ok((kind, payload)) = decoder.read(&mut sent) {
        kinds.push(kind);
        if kind == FINISHED {
            let report: FinishedSpec = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
            if report.ending != Ending::Completed || !kinds.starts_with(&[READY]) || !kinds.contains(&CONSOLE)
            {
                return Err(format!("it ended as {:?} after the frames {kinds:?}", report.ending));
            }
            return Ok(());
        }
    }
    Err(format!("there is no report after the frames {kinds:?}"))
}

fn spec() -> RunSpec {
    RunSpec {
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
    }
}

/// Forks a child that lives `life`, which gets a pipe to write to and should exit by itself. Gives what it wrote, and its
/// exit status as `waitpid` has it. To be called while this process has one thread.
///
/// # Errors
/// In words, when there is no child.
pub fn in_child(life: impl FnOnce(File)) -> Result<(Vec<u8>, libc::c_int), String> {
    let (reading, writing) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|error| error.desc().to_owned())?;
    // SAFETY: this process has one thread.
    match unsafe { libc::fork() } {
        0 => {
            drop(reading);
            silence();
            life(writing.into());
            exit(1)
        }
        -1 => Err(Errno::last().desc().to_owned()),
        pid => {
            drop(writing);
            let mut written = Vec::new();
            let read = File::from(reading).read_to_end(&mut written);
            let mut status = 0;
            // SAFETY: waits for the child just made.
            while unsafe { libc::waitpid(pid, &raw mut status, 0) } == -1 && Errno::last() == Errno::EINTR {}
            read.map_err(|error| error.to_string())?;
            Ok((written, status))
        }
    }
}

/// What a child prints is not for the log, which a hostile one could fill.
pub fn silence() {
    // SAFETY: descriptor 1 is /dev/null here.
    unsafe { libc::dup2(1, 2) };
}
