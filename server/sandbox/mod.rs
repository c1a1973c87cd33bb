//! The parent's side of a run: a place among the runs ([`permit`], shared out fairly by [`scheduler`]), a confined
//! process ([`process`]), deadlines and exactly one outcome ([`supervise`]).

mod client;
mod clock;
pub mod console;
pub mod egress;
mod ladder;
mod memory;
mod permit;
mod pool;
pub mod process;
mod prompts;
mod repl;
mod report;
mod scheduler;
mod start;
mod supervise;
#[cfg(test)]
mod tests;
mod usage;
mod wire;
mod witness;
mod zygote;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::ArcSwap;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

pub use self::client::ClientKey;
use self::egress::{Egress, EgressSettings};
pub use self::memory::MemoryBound;
use self::permit::Places;
use self::pool::Pool;
use self::process::Backend;
use self::scheduler::{Bounds, Full};
pub use self::witness::{Sender, Watcher};
use crate::limits::Limits;
use crate::policy::EgressPolicy;
use crate::policy::modules::Allowed;
use crate::protocol::browser::{PromptKind, RejectReason, ReleaseReason, RunError, RunReport, Usage};
use crate::protocol::repl::EVALUATIONS;
use crate::protocol::runner::{Layer, Submission};
use crate::protocol::value::StackFrame;
use crate::tuning::{StepReport, Steps};

/// How many events of a run wait for their reader before the program is slowed down.
const EVENTS_AHEAD: usize = 4;
/// How many answers and evaluations may be on their way to a run. No more questions than two are open at once.
const WORDS_AHEAD: usize = 4 + EVALUATIONS;
/// What a client that was turned away for want of a place is told to wait, in milliseconds.
const RETRY_AFTER_MS: u64 = 1_000;

/// A program to run, checked and with its limits settled.
#[derive(Debug)]
pub struct Run {
    /// Names the run in the log.
    pub run_id: Uuid,
    /// Whose it is.
    pub client: ClientKey,
    /// Where it comes from.
    pub sender: Sender,
    /// Who else hears what becomes of it.
    pub watcher: Option<Box<dyn Watcher>>,
    /// The program.
    pub program: Submission,
    /// The value of the program's global `input`, or the argument of its function.
    pub input: Option<Box<RawValue>>,
    /// What it may use.
    pub limits: Limits,
    /// What it may reach, where that is not what all may.
    pub egress: Option<Arc<EgressPolicy>>,
    /// What it may import.
    pub modules: Allowed,
    /// Answers to its questions that were given beforehand.
    pub stdin: Vec<String>,
    /// Whether there is somebody who can be asked: who answers [`RunEvent::Prompt`].
    pub is_attended: bool,
    /// Whether [`RunEvent::Usage`] is wanted.
    pub tells_usage: bool,
    /// Whether it takes [evaluations](RunHandle::evaluate), and stays for them after its program's end.
    pub repl: bool,
}

impl Run {
    /// How much memory its program takes while it waits, with input and answers, in bytes.
    fn bytes(&self) -> u64 {
        let files = self.program.files.iter().map(|file| file.name.len() + file.content.len()).sum::<usize>();
        let input = self.input.as_ref().map_or(0, |input| input.get().len());
        let stdin = self.stdin.iter().map(|line| line.len() + size_of::<String>()).sum::<usize>();
        (files + input + stdin) as u64
    }
}

/// What happens in a run, in order: any number of `Queued`, then `Started`, any number of `Console`, `Prompt`,
/// `Usage`, `Evaluated` and `Paused`, a `Released` perhaps, and one `Finished`, which is the last. A run stopped while it waits
/// goes from `Queued` straight to `Finished`. A run that lost its turn in the queue goes to `Displaced`, which is its last.
#[derive(Debug)]
pub enum RunEvent {
    /// It waits for a place; `position` 1 is next.
    Queued {
        /// How many runs will start until it has, itself included, if nobody else comes. Clients take turns, so
        /// it grows when somebody comes who has fewer runs waiting.
        position: u32,
    },
    /// Its process has the program.
    Started,
    /// Console events: a JSON array of [`crate::protocol::value::ConsoleEvent`]s, checked to be JSON and to
    /// be within the limits, otherwise as the process wrote them.
    Console {
        /// Number of the first event, from 0.
        seq: u64,
        /// How many events.
        count: u64,
        /// The array.
        events: Box<RawValue>,
    },
    /// It asks something; [`RunHandle::answer`] answers.
    Prompt {
        /// The question's number.
        prompt_id: u32,
        /// What is asked for.
        kind: PromptKind,
        /// The question.
        message: String,
        /// The answer that is proposed.
        default: Option<String>,
    },
    /// What it has used so far.
    Usage {
        /// As its report will say it.
        usage: Box<Usage>,
        /// Where the program is; nothing while it waits.
        at: Option<StackFrame>,
    },
    /// Its program has ended, and it stays for evaluations.
    Paused {
        /// How long it stays from now, while nothing is evaluated, in milliseconds.
        left_ms: u64,
        /// How the program has ended; there the first time only.
        report: Option<Box<RunReport>>,
    },
    /// An evaluation is done: with a value or an error.
    Evaluated {
        /// The evaluation's number.
        evaluation_id: u32,
        /// Its value, a [`crate::protocol::value::Value`].
        value: Option<Box<RawValue>>,
        /// What it threw.
        error: Option<RunError>,
    },
    /// It stays no longer.
    Released(ReleaseReason),
    /// It has ended.
    Finished(Box<RunReport>),
    /// It lost its turn in the queue to another run. None of it has run: whoever sent it may send it again.
    Displaced(Rejection),
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

/// What to do about layers of the confinement that can't be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfinementPolicy {
    /// Say so, and go on with the others.
    Auto,
    /// Don't start without every one.
    Required,
    /// Put none on.
    Off,
}

/// Settings of the sandbox, checked by whoever made them.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// The program to start as zygote: this very binary.
    pub program: PathBuf,
    /// The most that any run may use: V8's heap is made for it.
    pub limits: Limits,
    /// Start V8 in each child, even where a warm runtime can be forked. Default false.
    pub cold: bool,
    /// The steps that make runs faster. Default: all.
    pub tuning: Steps,
    /// A fault on purpose in one of these, in tests. Default: none.
    pub tuning_fault: Option<String>,
    /// What to do about layers of the confinement that can't be had. Default: say so and go on.
    pub confinement: ConfinementPolicy,
    /// The operator's folder of modules, as an absolute path. Default: none.
    pub modules_dir: Option<PathBuf>,
    /// How many forked children wait ready for a run. Default 4.
    pub warm_children: usize,
    /// How many runs may have a place at once. Default 128.
    pub open_runs: usize,
    /// How many of these places are for clients that have none; no more than half count. Default 64.
    pub reserve: usize,
    /// How many runs may have a question open, or wait for a place after its answer. Default 128.
    pub asking: usize,
    /// How many accepted runs may wait for a place. Default 256.
    pub queue: usize,
    /// How long the programs of those may be together, with input and answers, in bytes. Default 64 MiB.
    pub queue_bytes: u64,
    /// How many runs of one client may have a place at once; further ones wait. Default 16.
    pub client_open_runs: usize,
    /// How many runs of one client may have a question open. Default 16.
    pub client_asking: usize,
    /// How many accepted runs of one client may wait for a place. Default 64.
    pub client_queue: usize,
    /// How long a program has, after it was told to stop, before its process is killed. Default 200 ms.
    pub grace: Duration,
    /// How long a run with [`Run::repl`] stays after its program's end, in all. Default 60 s.
    pub paused: Duration,
    /// How long a process may take to get ready before it is given up. Default 10 s.
    pub ready_timeout: Duration,
    /// After how many forks a zygote is replaced. Default 10,000.
    pub zygote_forks: u64,
    /// After how long a zygote is replaced. Default 1 h.
    pub zygote_age: Duration,
    /// The longest console event, in bytes of JSON. Default 64 KiB.
    pub message_bytes: u64,
    /// The longest console event with a bundle, in bytes of JSON. Default 256 KiB.
    pub display_bytes: u64,
    /// How many questions a run may ask. Default 1,000.
    pub prompts: u32,
    /// What programs may fetch. Default: nothing.
    pub egress: EgressSettings,
}

/// Where runs happen. Cheap to clone; all clones are one sandbox.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    settings: SandboxSettings,
    backend: Box<dyn Backend>,
    places: Places,
    /// What runs that start now are given.
    egress: ArcSwap<Egress>,
    closed: AtomicBool,
    memory: MemoryBound,
}

impl Inner {
    /// What a run is told that lost its turn in the queue.
    fn displaced(&self) -> Rejection {
        let message = format!(
            "All places are taken, and {} runs wait for one, as many as may or too long ones. Your address or network had \
             the most of them, so its last one lost its turn. None of it has run. Try again in a moment.",
            self.settings.queue
        );
        Rejection { reason: RejectReason::Busy, message, retry_after_ms: Some(RETRY_AFTER_MS) }
    }
}

/// One run. Dropping it, or the receiver of its events, kills the run's process; its place is free when the
/// process is gone.
#[derive(Debug)]
pub struct RunHandle {
    wish: watch::Sender<Wish>,
    words: mpsc::Sender<Word>,
}

/// What the holder of a handle has to say to the program.
#[derive(Debug)]
enum Word {
    /// The answer to the question of this number.
    Answer(u32, Option<String>),
    /// An evaluation, with its number.
    Evaluate(u32, String),
}

/// What the holder of a handle wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// That the run goes on.
    Run,
    /// That it stops, with a report.
    Stop,
}

/// How the sandbox does, for `/healthz`.
#[derive(Clone, Debug, serde::Serialize)]
pub struct SandboxHealth {
    /// Whether a run started now would find or get a process.
    pub ok: bool,
    /// `warm` when children are forked from a warm runtime, `cold` when each starts V8 itself.
    pub fork: ForkMode,
    /// Children ready for a run.
    pub warm_children: usize,
    /// Runs that have a place.
    pub open_runs: usize,
    /// Runs that wait for a place.
    pub queued_runs: usize,
    /// Runs that have a question open, or wait for a place after its answer.
    pub asking_runs: usize,
    /// Every layer of the confinement, and whether it is there.
    pub confinement: Vec<Layer>,
    /// What else could not be set up, in words.
    pub notes: Vec<String>,
    /// What runs the programs, such as `V8 15.0.1`.
    pub engine: String,
    /// Every step that makes runs faster, and what became of it.
    pub tuning: Vec<StepReport>,
    /// Zygotes that ended unasked.
    pub zygotes_lost: u64,
    /// What all runs together can hold, and what there is.
    pub memory: MemoryBound,
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
        let pool = Pool::launch(settings.clone()).await.map_err(|error| LaunchError(error.to_string()))?;
        Ok(Self::with_backend(settings, pool))
    }

    /// A sandbox whose processes come from `backend`.
    pub fn with_backend(settings: SandboxSettings, backend: impl Backend) -> Self {
        let places = Places::new(Bounds {
            slots: settings.open_runs,
            reserve: settings.reserve,
            queue: settings.queue,
            queue_bytes: settings.queue_bytes,
            parked: settings.asking,
            client_slots: settings.client_open_runs,
            client_queue: settings.client_queue,
            client_parked: settings.client_asking,
        });
        let egress = ArcSwap::new(Egress::new(settings.egress.clone()));
        let closed = AtomicBool::new(false);
        let SandboxSettings { open_runs, asking, warm_children, ref limits, .. } = settings;
        let memory = MemoryBound::new(open_runs, asking, warm_children, limits.process_bytes);
        if let Some(warning) = memory.warning(warm_children, limits.process_bytes) {
            tracing::warn!("{warning}");
        }
        Self(Arc::new(Inner { settings, backend: Box::new(backend), places, egress, closed, memory }))
    }

    /// Accepts a run, or says why not. Its events come through the receiver as it goes. Must be called in a
    /// tokio runtime; the run lives in it.
    ///
    /// # Errors
    /// [`RejectReason::Busy`] when the queue is full or the sandbox is shutting down,
    /// [`RejectReason::TooManyRuns`] when the client has as many runs waiting as one may.
    pub fn start(&self, mut run: Run) -> Result<(RunHandle, RunEvents), Rejection> {
        let rejected = |reason, message| Rejection { reason, message, retry_after_ms: Some(RETRY_AFTER_MS) };
        if self.0.closed.load(Relaxed) {
            let message = "The server is shutting down. Try again in a moment.".to_owned();
            return Err(rejected(RejectReason::Busy, message));
        }
        let asked = self.0.places.ask(run.client, run.bytes()).map_err(|full| match full {
            Full::All => {
                let message = format!(
                    "All places are taken, and {} runs wait for one, as many as may or too long ones. Your address or \
                     network has as many of them as any other. Try again in a moment.",
                    self.0.settings.queue
                );
                rejected(RejectReason::Busy, message)
            }
            Full::Client => {
                let message = format!(
                    "Your address has {} runs waiting for a place, as many as one may. Wait for some to \
                     finish, or stop them.",
                    self.0.settings.client_queue
                );
                rejected(RejectReason::TooManyRuns, message)
            }
        })?;
        let (events, receiver) = mpsc::channel(EVENTS_AHEAD);
        let (wish, wishes) = watch::channel(Wish::Run);
        let (words, given) = mpsc::channel(WORDS_AHEAD);
        let witness = Arc::new(witness::Witness::new(&mut run));
        tokio::spawn(supervise::supervise(self.0.clone(), (run, witness), asked, events, wishes, given));
        Ok((RunHandle { wish, words }, receiver))
    }

    /// Accepts no more runs. Those that are under way go on.
    pub fn close(&self) {
        self.0.closed.store(true, Relaxed);
    }

    /// The broker of what programs fetch.
    pub fn egress(&self) -> Arc<Egress> {
        self.0.egress.load_full()
    }

    /// Lets runs that start from now on fetch by these settings; those that are under way go on as they began.
    pub fn set_egress(&self, settings: EgressSettings) {
        let renewed = self.0.egress.load().renewed(settings);
        self.0.egress.store(renewed);
    }

    /// How it does now.
    pub fn health(&self) -> SandboxHealth {
        let backend = self.0.backend.health();
        let [open_runs, queued_runs, asking_runs] = self.0.places.counts();
        SandboxHealth {
            ok: backend.ok,
            fork: backend.fork,
            warm_children: backend.warm,
            open_runs,
            queued_runs,
            asking_runs,
            confinement: backend.confinement,
            notes: backend.notes,
            engine: backend.engine,
            tuning: backend.tuning,
            zygotes_lost: backend.zygotes_lost,
            memory: self.0.memory.clone(),
        }
    }
}

impl RunHandle {
    /// Asks the program to stop. Its end comes as [`RunEvent::Finished`], no later than `grace` from now.
    pub fn stop(&self) {
        self.wish.send_replace(Wish::Stop);
    }

    /// Answers a question that is open; `None` for one that was cancelled. One that is not open is passed over.
    pub fn answer(&self, prompt_id: u32, value: Option<String>) {
        // There is room for the answers to all questions that can be open. A run that is over needs none.
        let _ = self.words.try_send(Word::Answer(prompt_id, value));
    }

    /// Evaluates something in the run's isolate; what comes of it is told by [`RunEvent::Evaluated`]. Numbers go
    /// upwards from 1, and no more than [`EVALUATIONS`] may be under way: any others are passed over.
    pub fn evaluate(&self, evaluation_id: u32, source: String) {
        // As above.
        let _ = self.words.try_send(Word::Evaluate(evaluation_id, source));
    }
}
