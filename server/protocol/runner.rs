//! What server, zygote and runner say to each other.
//!
//! Server and zygote speak over a `SOCK_SEQPACKET` socket, a JSON text each packet: [`ZygoteRequest`] one
//! way, [`ZygoteEvent`] the other. Server and runner (the forked child that holds one run) speak
//! [frames](super::frame) over a stream socket of their own. First the child says [`READY`]; then the server
//! sends one [`RUN`]; then the child sends any number of [`CONSOLE`] and one [`FINISHED`], and leaves. What else they say is in
//! [`super::fetch`], [`super::prompt`] and [`super::usage`].

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::browser::{Dropped, Language, Mode, Returned, RunError, SourceFile};
use super::value::StackFrame;
use crate::limits::Limits;
use crate::policy::modules::Allowed;
use crate::tuning::{Step, StepReport, Steps};

/// Server to runner: a [`RunSpec`] in JSON.
pub const RUN: u8 = 1;
/// Server to runner, no payload: interrupt the program, say where it was, and leave.
pub const STOP: u8 = 2;

/// The longest copy of what a function returned, in bytes of JSON, however much output a run may write.
pub const RETURNED_BYTES: u64 = 4 << 20;
/// The most parts of a returned value that are listed as left out.
pub const MAX_OMITTED: usize = 100;
/// The longest path or reason of one, in bytes.
pub const OMITTED_BYTES: usize = 300;

/// The longest payload of any frame from the server to a runner that has its program, in bytes.
pub const TO_RUNNER_BYTES: u32 = 1 << 19;

/// Runner to server, no payload: ready for a run.
pub const READY: u8 = 65;
/// Runner to server: a `u32` count (little endian) and that many console events as one JSON array.
pub const CONSOLE: u8 = 66;
/// Runner to server: a [`FinishedSpec`] in JSON. The last frame.
pub const FINISHED: u8 = 67;
/// Runner to server: one console event with a bundle, in the form of [`CONSOLE`].
pub const DISPLAY: u8 = 74;

/// Exit status of a runner whose V8 ran out of memory in a place where it can't go on.
pub const EXIT_OUT_OF_MEMORY: i32 = 71;
/// Exit status of a runner that had to leave without a report since the program held its only thread.
pub const EXIT_CPU_EXCEEDED: i32 = 72;
/// Exit status of a runner whose program nests too deeply to be read.
pub const EXIT_TOO_DEEP: i32 = 74;
/// Exit status of a runner that was told to stop, or ran out of time, and whose program did not yield.
pub const EXIT_STOPPED: i32 = 73;
/// Exit status of a runner that could start no second thread, before it was ready.
pub const EXIT_NO_THREAD: i32 = 75;

/// A program, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Its files; their names say what they are written in.
    pub files: Vec<SourceFile>,
    /// Which of them is run.
    pub entry: usize,
    /// How that is evaluated.
    pub mode: Mode,
    /// The exported function to call in mode `function`, where that is not the default one.
    pub export: Option<String>,
}

impl Submission {
    /// The program of one text.
    pub fn of_source(source: String, language: Language, mode: Mode) -> Self {
        let extension = match language {
            Language::Javascript => "js",
            Language::Typescript => "ts",
            Language::Jsx => "jsx",
            Language::Tsx => "tsx",
        };
        let file = SourceFile { name: format!("main.{extension}"), content: source };
        Self { files: vec![file], entry: 0, mode, export: None }
    }

    /// The text of the file that is run.
    pub fn source(&self) -> &str {
        self.files.get(self.entry).map_or("", |file| &file.content)
    }
}

/// What a runner needs to know of a run.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunSpec {
    /// The program.
    pub program: Submission,
    /// The global `input`, or the function's argument.
    #[serde(default, deserialize_with = "super::browser::present", skip_serializing_if = "Option::is_none")]
    pub input: Option<Box<RawValue>>,
    /// What the run may use.
    pub limits: Limits,
    /// The longest console event, in bytes of JSON.
    pub message_bytes: u64,
    /// How often it may fetch.
    pub fetches: u32,
    /// What it may import.
    pub modules: Allowed,
    /// The longest console event with a bundle, in bytes of JSON.
    pub display_bytes: u64,
    /// How often it may ask.
    pub prompts: u32,
    /// Answers given beforehand.
    pub stdin: Vec<String>,
    /// Whether there is somebody to ask.
    pub is_attended: bool,
    /// Whether it says what it uses while it runs: [`super::usage::USAGE`].
    pub tells_usage: bool,
    /// Whether it takes evaluations, and stays after its program's end.
    #[serde(default)]
    pub repl: bool,
}

/// A runner's last word.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinishedSpec {
    /// How the program ended, as seen from inside.
    pub ending: Ending,
    /// The result, a [`super::value::Value`].
    pub value: Option<Box<RawValue>>,
    /// What a function returned.
    pub returned: Option<Returned>,
    /// What was thrown.
    pub error: Option<RunError>,
    /// Where the program was when it was interrupted.
    pub stopped_at: Option<StackFrame>,
    /// CPU time of the process since the run began, in milliseconds.
    pub cpu_ms: u64,
    /// V8's heap in use, in bytes.
    pub heap_bytes: u64,
    /// The most that buffers held, in bytes.
    pub buffer_bytes: u64,
    /// The most that the process held resident, in bytes.
    pub process_bytes: u64,
    /// From the program's arrival to the beginning of its evaluation, in microseconds; 0 if it did not get that far.
    #[serde(default)]
    pub compiled_us: u64,
    /// Output that was not sent.
    pub dropped: Dropped,
}

/// How a program ended, as seen from inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It ran to its end.
    Completed,
    /// It threw.
    Failed,
    /// The server asked for its end.
    Stopped,
    /// It used up its CPU time.
    CpuExceeded,
    /// It used up its memory.
    MemoryExceeded,
    /// It used up its output.
    OutputExceeded,
}

/// What the server tells a zygote on its command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZygoteSpec {
    /// The most that V8's heap may hold in a child, in bytes.
    pub heap_bytes: u64,
    /// The most that one WebAssembly memory may hold in a child, in bytes.
    pub buffer_bytes: u64,
    /// The most that a child may hold resident, in bytes.
    pub process_bytes: u64,
    /// Start V8 in each child, even where a warm runtime can be forked.
    pub is_cold: bool,
    /// Put the confinement on.
    pub is_confined: bool,
    /// The operator's folder of modules.
    pub modules_dir: Option<PathBuf>,
    /// The steps that make runs faster.
    pub tuning: Steps,
    /// A fault on purpose, in tests.
    pub fault: Option<String>,
}

/// What the server asks of the zygote.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ZygoteRequest {
    /// Fork a child around the socket that comes with this packet (`SCM_RIGHTS`).
    Fork {
        /// The server's name for the child.
        id: u64,
    },
    /// SIGKILL a child, if it still lives.
    Kill {
        /// Which.
        id: u64,
    },
    /// Fork no more, and leave when the last child has.
    Retire,
}

/// A layer of the confinement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Its name.
    pub layer: String,
    /// Whether it is there.
    #[serde(flatten)]
    pub state: LayerState,
}

/// Whether a layer of the confinement is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LayerState {
    /// It is.
    Applied,
    /// It can't be had here.
    Missing {
        /// Why, in words.
        reason: String,
    },
    /// It was not asked for.
    Off,
}

/// What the zygote tells the server.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ZygoteEvent {
    /// Before it is ready: it takes a step that makes runs faster, or has taken the last one. A zygote that dies has died of the
    /// step that it announced last.
    Trying {
        /// The step; nothing when all are taken.
        step: Option<Step>,
    },
    /// Before it is ready: it will not be, and exits.
    Failed {
        /// The step whose trial failed, if it was one.
        step: Option<Step>,
        /// Why, in words.
        error: String,
    },
    /// Ready to fork.
    Ready {
        /// Whether children are forked from a warm runtime.
        warm: bool,
        /// What runs the programs, such as `V8 15.0.1`.
        engine: String,
        /// What could not be set up, in words.
        notes: Vec<String>,
        /// Every layer of the confinement.
        confinement: Vec<Layer>,
        /// Every step that makes runs faster.
        tuning: Vec<StepReport>,
    },
    /// A child could not be forked.
    ForkFailed {
        /// Which.
        id: u64,
        /// Why.
        error: String,
    },
    /// A child has ended and was reaped.
    Exited {
        /// Which.
        id: u64,
        /// Its exit status, if it left by itself.
        status: Option<i32>,
        /// The signal that ended it, if one did.
        signal: Option<i32>,
        /// CPU time over its whole life, in milliseconds.
        cpu_ms: u64,
        /// The most it held resident, in bytes.
        process_bytes: u64,
    },
}
