//! The wire between browser and server, version 1: JSON text frames on `GET /api/v1/ws`, and the body of
//! `POST /api/v1/run`. `web/protocol.ts` is generated from these types.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::value::{StackFrame, Value};
use crate::limits::{Limits, LimitsRequest};

/// Version of this wire, told in [`ServerMsg::Hello`].
pub const WIRE_VERSION: u32 = 1;

/// What a client sends: a `type` and that type's fields. Read by [`super::parse::client_msg`].
#[derive(Debug)]
#[cfg_attr(test, derive(Serialize, ts_rs::TS), serde(tag = "type", rename_all = "snake_case"))]
pub enum ClientMsg {
    /// Run a program.
    Run(Box<RunRequest>),
    /// Stop a run.
    Stop(StopRequest),
    /// Answer a prompt of a run.
    Input(InputRequest),
    /// Evaluate something in a run's isolate.
    Evaluate(EvaluateRequest),
}

/// A program to run, as sent over the WebSocket or as the body of `POST /api/v1/run`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(Serialize, ts_rs::TS), ts(optional_fields))]
pub struct RunRequest {
    /// The client's name for the run, not used before on this connection. Required on the WebSocket; over
    /// HTTP one is made when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<Uuid>,
    /// The program's text. Either this or `files`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The program's files, which import each other by relative paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<SourceFile>>,
    /// Which of `files` is run. Default: the only one, else `main.*`, else `index.*`, else the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// What `source` is written in; of files, their extensions say it. Default `javascript`.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<Language>"))]
    pub language: Language,
    /// How the program is evaluated. Default `auto`.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<Mode>"))]
    pub mode: Mode,
    /// For mode `function`: the name of the exported function to call. Default: the default export, or
    /// `module.exports`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// Any JSON value; the program sees its own copy as the global `input`, a function as its argument.
    /// Default: no such global.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "unknown"))]
    #[schema(value_type = Option<serde_json::Value>)]
    pub input: Option<Box<RawValue>>,
    /// Tighter limits than the server's own.
    #[serde(default, deserialize_with = "super::parse::object_field")]
    #[cfg_attr(test, ts(as = "Option<LimitsRequest>"))]
    pub limits: LimitsRequest,
    /// Answers to `prompt`, `confirm` and `readLine`, in order, given before anybody is asked. Over HTTP nobody is.
    #[serde(default, deserialize_with = "super::parse::lines", skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(as = "Option<Vec<String>>"))]
    #[schema(max_items = 32768)]
    pub stdin: Vec<String>,
    /// Whether to send `usage` while it runs, on the WebSocket. Default false.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub usage: bool,
    /// Take `evaluate` messages, and keep the program's isolate for them for a while after its end, which `paused`
    /// tells. Default false; over HTTP it does nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub repl: bool,
}

fn is_false(it: &bool) -> bool {
    !it
}

/// One file of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SourceFile {
    /// A relative path: segments of `A-Z a-z 0-9 _ . -` joined by `/`, at most 100 characters. Its extension says
    /// the language: `.js .mjs .cjs .jsx .ts .mts .cts .tsx .json`.
    pub name: String,
    /// Its text.
    pub content: String,
}

/// Languages a program can be written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Language {
    /// ECMAScript as V8 has it.
    #[default]
    Javascript,
    /// TypeScript, whose types are not checked.
    Typescript,
    /// JavaScript with JSX.
    Jsx,
    /// TypeScript with JSX.
    Tsx,
}

/// How a program is evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Mode {
    /// A module if the program uses `import`, `export`, `import.meta` or top-level `await`; CommonJS if it uses
    /// `require()`, `module.exports` or `exports.x`; else a script.
    #[default]
    Auto,
    /// A classic script: sloppy mode unless it says `"use strict"`.
    Script,
    /// An ES module: strict, with top-level `await`.
    Module,
    /// A CommonJS module: `module`, `exports`, `require`, `__filename` and `__dirname`.
    Commonjs,
    /// A module of either kind whose exported function is called with `input`; what it returns is the result.
    Function,
}

/// Body of a `stop` message.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(Serialize, ts_rs::TS))]
pub struct StopRequest {
    /// Which run.
    pub run_id: Uuid,
}

/// A member that is there, even as `null`, which is a value like any.
///
/// # Errors
/// When what is there is not JSON.
pub(super) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(deserializer).map(Some)
}

/// Body of an `input` message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(Serialize, ts_rs::TS))]
pub struct InputRequest {
    /// Which run.
    pub run_id: Uuid,
    /// Which of its prompts.
    pub prompt_id: u32,
    /// The answer, of at most 64 KiB; `null` for a prompt that was cancelled. To `confirm`, `y`, `yes`, `true`, `ok`
    /// and `1` are a yes, in any case, and all else a no.
    pub value: Option<String>,
}

/// Body of an `evaluate` message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(Serialize, ts_rs::TS))]
pub struct EvaluateRequest {
    /// Which run; it was started with `repl`.
    pub run_id: Uuid,
    /// The client's number for the evaluation, from 1 and higher than the one before.
    pub evaluation_id: u32,
    /// What to evaluate, of at most 64 KiB, in the program's language; after a script or a module it sees the names at
    /// the top level of the program. An expression may use `await`.
    pub source: String,
}

/// What a program asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum PromptKind {
    /// `prompt()`: a text. The program stands still.
    Prompt,
    /// `confirm()`: yes or no. The program stands still.
    Confirm,
    /// `alert()`: that it was read. The program stands still.
    Alert,
    /// `readLine()`: a text. The program may do other things meanwhile.
    Line,
}

/// What the server sends.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(Deserialize, ts_rs::TS), ts(optional_fields))]
pub enum ServerMsg {
    /// First frame on every connection.
    Hello {
        /// [`WIRE_VERSION`].
        version: u32,
        /// What runs the programs, such as `V8 15.0.1`.
        engine: String,
        /// What a run may use when it does not ask for less.
        limits: Limits,
        /// The longest source accepted, in bytes of UTF-8. Default 256 KiB.
        source_bytes: u64,
        /// The longest console event sent, in bytes of JSON. Default 64 KiB.
        message_bytes: u64,
        /// How many runs may be open on one connection at once. Default 8.
        open_runs: u32,
        /// How long a run with `repl` stays after its program's end, in all, in milliseconds. Default 60,000; 0 is
        /// not at all.
        paused_ms: u64,
    },
    /// The run was accepted and waits for a place.
    Queued {
        /// Which run.
        run_id: Uuid,
        /// How many runs will start until it has, itself included, if nobody else comes. Sent again as it
        /// changes; it can grow, as clients take turns.
        position: u32,
    },
    /// The program is about to be evaluated.
    Started {
        /// Which run.
        run_id: Uuid,
    },
    /// Console events, in order.
    Console {
        /// Which run.
        run_id: Uuid,
        /// Number of the first event in this frame, from 0 in each run: a gap would mean loss.
        seq: u64,
        /// The events, passed on as the isolate's process wrote them.
        #[cfg_attr(test, ts(as = "Vec<super::value::ConsoleEvent>"))]
        events: Box<RawValue>,
    },
    /// The program asks something: [`ClientMsg::Input`] is the answer. A prompt that the end of the run overtakes is
    /// not open any more, which no frame says but `finished`.
    Prompt {
        /// Which run.
        run_id: Uuid,
        /// The question's name in this run.
        prompt_id: u32,
        /// What is asked for.
        kind: PromptKind,
        /// The question. Text, not markup.
        message: String,
        /// The answer that is proposed.
        #[serde(skip_serializing_if = "Option::is_none")]
        default: Option<String>,
    },
    /// What a run has used so far, where its request asks for that: after each half second in which it did anything.
    Usage {
        /// Which run.
        run_id: Uuid,
        /// As in its report.
        usage: Box<Usage>,
        /// Where the program is; absent while it waits.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<StackFrame>,
    },
    /// The program has ended, and its isolate stays for `evaluate`; or nothing is left to do of what was evaluated
    /// since. For runs with `repl`. `finished` comes when it goes, and tells the same end, unless what was evaluated
    /// went over a limit.
    Paused {
        /// Which run.
        run_id: Uuid,
        /// How long it stays from now, while nothing is evaluated, in milliseconds.
        left_ms: u64,
        /// How the program has ended; there the first time only.
        #[serde(skip_serializing_if = "Option::is_none")]
        report: Option<Box<RunReport>>,
    },
    /// What came of an evaluation: a value or an error.
    Evaluated {
        /// Which run.
        run_id: Uuid,
        /// Which evaluation.
        evaluation_id: u32,
        /// Its value, as a console value.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(as = "Option<Value>"))]
        value: Option<Box<RawValue>>,
        /// What it threw.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<RunError>,
    },
    /// A run that stayed for `evaluate` stays no longer: `finished` follows.
    Released {
        /// Which run.
        run_id: Uuid,
        /// Why.
        reason: ReleaseReason,
    },
    /// The end of an accepted run; exactly one for each.
    Finished {
        /// Which run.
        run_id: Uuid,
        /// The rest.
        #[serde(flatten)]
        report: Box<RunReport>,
    },
    /// A run that was not accepted, or a frame that could not be acted on. An accepted run is not affected
    /// by a rejected frame that names it.
    Rejected {
        /// Which run, where the frame could be tied to one.
        #[serde(skip_serializing_if = "Option::is_none")]
        run_id: Option<Uuid>,
        /// Why, for a program.
        reason: RejectReason,
        /// Why, for a person, and what to do.
        message: String,
        /// When to try again, in milliseconds, where that would help.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
}

/// Why a run stays no longer after its program's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum ReleaseReason {
    /// Its time is over.
    Time,
    /// Another run waits for its place.
    Others,
}

/// Why something was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum RejectReason {
    /// The server has no place for another run and its queue is full, or it is shutting down. Also said of a run that
    /// was `queued`, when it lost its turn to another client's: none of it has run.
    Busy,
    /// The source or the frame is over its limit.
    TooLarge,
    /// Not JSON, an unknown type, a wrong or missing field, a value out of range.
    BadRequest,
    /// This connection has used the run's id before.
    DuplicateRunId,
    /// This connection has as many runs open as it may, or this client as many waiting.
    TooManyRuns,
    /// This client has started too many runs lately.
    RateLimited,
    /// No run with that id is open on this connection.
    UnknownRun,
    /// The run has no such prompt open.
    UnknownPrompt,
    /// As many evaluations of the run are under way as may be.
    TooManyEvaluations,
    /// The server's operator takes no runs from there.
    Blocked,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Outcome {
    /// The program ran to its end.
    Completed,
    /// It threw, did not parse, or left a rejected promise unhandled.
    Failed,
    /// It took longer than `wall_ms`, or waited for longer than `prompt_ms` to be answered.
    TimedOut,
    /// It computed for longer than `cpu_ms`.
    CpuExceeded,
    /// It needed more than `heap_bytes`, `buffer_bytes` or `process_bytes`.
    MemoryExceeded,
    /// It wrote more than `output_bytes` or `console_events`.
    OutputExceeded,
    /// Somebody stopped it, or the visitor left.
    Stopped,
    /// Its process died in a way that says nothing about the program. Never the program's doing alone: the
    /// server's log has more.
    Crashed,
}

/// What is known of a run when it has ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(Deserialize, ts_rs::TS))]
pub struct RunReport {
    /// How it ended.
    pub outcome: Outcome,
    /// The value of the program's last expression, of what CommonJS exports or of what a function returned, as a
    /// console value; `null` unless it completed with one.
    #[cfg_attr(test, ts(as = "Option<Value>"))]
    #[schema(value_type = Option<Value>)]
    pub value: Option<Box<RawValue>>,
    /// What the function returned, in mode `function`, as JSON; else `null`.
    pub returned: Option<Returned>,
    /// What went wrong, and what to do; `null` when it completed.
    pub error: Option<RunError>,
    /// Where the program was when it was stopped; `null` if it was not, was waiting, or could not be asked.
    pub stopped_at: Option<StackFrame>,
    /// What it used, and what it was allowed.
    pub usage: Usage,
    /// Output that was cut.
    pub dropped: Dropped,
}

/// What a function returned, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Returned {
    /// The copy. What JSON can't say is left out of objects and `null` elsewhere.
    #[cfg_attr(test, ts(type = "unknown"))]
    #[schema(value_type = serde_json::Value)]
    pub json: Box<RawValue>,
    /// What could not be copied.
    pub omitted: Vec<Omitted>,
    /// How much more could not be copied than `omitted` lists. Default 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(test, ts(as = "Option<u64>"))]
    pub more: u64,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// A part of a returned value that could not be copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Omitted {
    /// Where it is, such as `users[0].born`; empty for the value itself.
    pub path: String,
    /// What it is and, where there is one, what to return instead.
    pub reason: String,
}

/// What went wrong in a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct RunError {
    /// The error's `name`; `Uncaught` for a thrown value that is no error; for limits one of
    /// `TimeLimit PromptLimit CpuLimit MemoryLimit OutputLimit Stopped Crashed`.
    pub name: String,
    /// What happened and, for limits, where and what to do about it.
    pub message: String,
    /// Where, innermost first; only frames of the visitor's program. A syntax error has one frame.
    pub stack: Vec<StackFrame>,
    /// The error's `cause`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Box<Value>>,
    /// Whether it is the reason of a rejected promise that nobody handled. Default false.
    #[serde(default, skip_serializing_if = "is_false")]
    #[cfg_attr(test, ts(as = "Option<bool>"))]
    pub in_promise: bool,
}

impl RunError {
    /// An error without a stack.
    pub fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { name: name.into(), message: message.into(), ..Self::default() }
    }
}

/// What a run used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Usage {
    /// Milliseconds from start to end, without `prompt_ms`.
    pub wall_ms: u64,
    /// Milliseconds in which the program had a question open.
    pub prompt_ms: u64,
    /// Milliseconds of CPU.
    pub cpu_ms: u64,
    /// V8's heap in use at the end (or when last seen), in bytes.
    pub heap_bytes: u64,
    /// The most that buffers and WebAssembly memory held, in bytes.
    pub buffer_bytes: u64,
    /// The most that the process held resident, shared pages included, in bytes.
    pub process_bytes: u64,
    /// Console events and the result as sent, in bytes.
    pub output_bytes: u64,
    /// Console events sent.
    pub console_events: u64,
    /// The limits that applied.
    #[cfg_attr(test, ts(inline))]
    pub limits: Limits,
}

/// Output that did not reach the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Dropped {
    /// Whole console events.
    pub events: u64,
    /// Their size, in bytes of JSON, as far as it is known.
    pub bytes: u64,
}

/// The answer to `POST /api/v1/run`.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(Deserialize, ts_rs::TS))]
pub struct RunResponse {
    /// The request's `run_id`, or the one made for it.
    pub run_id: Uuid,
    /// Every console event, in order.
    #[cfg_attr(test, ts(as = "Vec<super::value::ConsoleEvent>"))]
    #[schema(value_type = Vec<super::value::ConsoleEvent>)]
    pub console: Box<RawValue>,
    /// The rest.
    #[serde(flatten)]
    pub report: RunReport,
}
