//! Processes for runs: what a run needs of one ([`Process`]), and where they come from ([`Backend`]).

use std::fmt;
use std::future::Future;
use std::os::unix::net::UnixStream;
use std::pin::Pin;

use super::ForkMode;
use crate::protocol::runner::Layer;
use crate::tuning::StepReport;

/// A future behind a trait.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where processes come from. Production forks a zygote; tests put a hostile child in its place.
pub trait Backend: Send + Sync + 'static {
    /// A process that is ready for a run, fresh and for this run alone.
    fn process(&self) -> BoxFuture<'_, Result<Process, ProcessError>>;

    /// Says that a process which was taken has been under way for a while: another may be made in its place. Not said of one
    /// that has ended before.
    fn replenish(&self);

    /// Says that a process has read its program.
    fn program_read(&self) {}

    /// Says that a process exited before it read its program, how, and on which rung ([`Life::rung`]) it was made.
    fn program_unread(&self, _exit: &End, _rung: u64) {}

    /// How the backend does.
    fn health(&self) -> BackendHealth;
}

/// A process that is ready for a run.
pub struct Process {
    /// The server's end of the socket: non-blocking, `READY` already read.
    pub socket: UnixStream,
    /// Its life. Dropping it must kill the process.
    pub life: Box<dyn Life>,
}

/// The life of a process, as seen by its parent.
pub trait Life: Send + Sync {
    /// SIGKILL, now. Killing what is dead does nothing.
    fn kill(&mut self);

    /// The rung of the backend's ladder that it was made on.
    fn rung(&self) -> u64 {
        0
    }

    /// Waits for its end, which comes soon once it was killed: a place is not given to another run before.
    /// May be dropped and called again.
    fn ended(&mut self) -> BoxFuture<'_, End>;
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Its exit status, if it left by itself.
    pub status: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// CPU time over its whole life, in milliseconds; 0 when unknown.
    pub cpu_ms: u64,
    /// The most it held resident, in bytes; 0 when unknown.
    pub process_bytes: u64,
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { signal: Some(signal), .. } => {
                let name = nix::sys::signal::Signal::try_from(signal).map_or("unknown", |it| it.as_str());
                write!(formatter, "killed by signal {signal} ({name})")
            }
            Self { status: Some(status), .. } => write!(formatter, "with exit status {status}"),
            _ => formatter.write_str("together with its zygote"),
        }
    }
}

/// Why there is no process.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ProcessError(pub String);

/// How a backend does.
#[derive(Clone, Debug)]
pub struct BackendHealth {
    /// Whether it can give processes now.
    pub ok: bool,
    /// How children come to be.
    pub fork: ForkMode,
    /// Processes ready for a run.
    pub warm: usize,
    /// Every layer of the confinement, and whether it is there.
    pub confinement: Vec<Layer>,
    /// What else could not be set up, in words.
    pub notes: Vec<String>,
    /// What runs the programs.
    pub engine: String,
    /// Every step that makes runs faster.
    pub tuning: Vec<StepReport>,
    /// Zygotes that ended unasked.
    pub zygotes_lost: u64,
}
