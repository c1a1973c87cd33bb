//! The parent's side of a run: a place among the runs ([`permit`]), a confined process ([`process`]),
//! deadlines and exactly one outcome ([`supervise`]).

use serde_json::value::RawValue;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::limits::Limits;
use crate::protocol::browser::{Language, Mode, RejectReason, RunReport};

/// A program to run, checked and with its limits settled.
#[derive(Debug)]
pub struct Run {
    /// Names the run in the log.
    pub run_id: Uuid,
    /// The program's text.
    pub source: String,
    /// What it is written in.
    pub language: Language,
    /// How it is evaluated.
    pub mode: Mode,
    /// The value of the program's global `input`.
    pub input: Option<Box<RawValue>>,
    /// What it may use.
    pub limits: Limits,
}

/// What happens in a run, in order: any number of `Queued`, then `Started`, any number of `Console`, and one
/// `Finished`, which is the last. A run stopped while it waits goes from `Queued` straight to `Finished`.
#[derive(Debug)]
pub enum RunEvent {
    /// It waits for a place; `position` 1 is next.
    Queued {
        /// How many are before it, itself included.
        position: u32,
    },
    /// Its process has the program.
    Started,
    /// Console events: a JSON array of [`crate::protocol::value::ConsoleEvent`], checked to be JSON and to
    /// be within the limits, otherwise as the process wrote it.
    Console {
        /// Number of the first event, from 0.
        seq: u64,
        /// How many events.
        count: u64,
        /// The array.
        events: Box<RawValue>,
    },
    /// It has ended.
    Finished(Box<RunReport>),
}

/// Why a run was not accepted.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// For a program.
    pub reason: RejectReason,
    /// For a person.
    pub message: String,
    /// When trying again could help, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

/// The events of one run. Bounded: a reader that falls behind slows the program down.
pub type RunEvents = mpsc::Receiver<RunEvent>;

/// Settings of the sandbox, checked by whoever made them.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// The program to start as zygote: this very binary.
    pub program: std::path::PathBuf,
    /// How many forked children wait ready for a run. Default 4.
    pub warm_children: usize,
    /// How many runs may be open at once. Default 64.
    pub open_runs: usize,
    /// How many accepted runs may wait for a place. Default 256.
    pub queue: usize,
    /// How long a program has, after it was told to stop, before its process is killed. Default 200 ms.
    pub grace: std::time::Duration,
    /// How long a process may take to get ready before it is given up. Default 10 s.
    pub ready_timeout: std::time::Duration,
    /// After how many forks a zygote is replaced. Default 10,000.
    pub zygote_forks: u64,
    /// After how long a zygote is replaced. Default 1 h.
    pub zygote_age: std::time::Duration,
    /// The longest console event, in bytes of JSON. Default 64 KiB.
    pub message_bytes: u64,
}

/// Where runs happen. Cheap to clone; all clones are one sandbox.
#[derive(Clone)]
pub struct Sandbox {}

/// One run. Dropping it kills the run's process and gives its place back.
pub struct RunHandle {}

/// How the sandbox does, for `/healthz`.
#[derive(Clone, Debug, serde::Serialize)]
pub struct SandboxHealth {
    /// Whether a run started now would find or get a process.
    pub ok: bool,
    /// `warm` when children are forked from a warm runtime, `cold` when each starts V8 itself.
    pub fork: ForkMode,
    /// Children ready for a run.
    pub warm_children: usize,
    /// Runs that have a process.
    pub open_runs: usize,
    /// Runs that wait for a place.
    pub queued_runs: usize,
    /// What could not be set up, in words.
    pub notes: Vec<String>,
    /// What runs the programs, such as `V8 15.0.1`.
    pub engine: String,
}

/// How children come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForkMode {
    /// Forked from a zygote that holds a runtime already warm.
    Warm,
    /// Forked first; V8 and the runtime start in the child.
    Cold,
}

/// Why the sandbox could not be launched.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LaunchError(pub String);

impl Sandbox {
    /// Starts the zygote and waits until the first child is ready. Must be called in a tokio runtime that
    /// lives as long as the sandbox.
    ///
    /// # Errors
    /// When the zygote can't be started or no child gets ready in `ready_timeout`.
    pub async fn launch(settings: SandboxSettings) -> Result<Self, LaunchError> {
        let _ = settings;
        Err(LaunchError("not there yet".into()))
    }

    /// Accepts a run, or says why not. Its events come through the receiver as it goes.
    ///
    /// # Errors
    /// [`RejectReason::Busy`] when the queue is full or the sandbox is shutting down.
    pub fn start(&self, run: Run) -> Result<(RunHandle, RunEvents), Rejection> {
        let _ = run;
        Err(Rejection { reason: RejectReason::Busy, message: String::new(), retry_after_ms: None })
    }

    /// How it does now.
    pub fn health(&self) -> SandboxHealth {
        unreachable!()
    }
}

impl RunHandle {
    /// Asks the program to stop. Its end comes as [`RunEvent::Finished`], no later than `grace` from now.
    pub fn stop(&self) {}
}
