// The wire between page and server. Generated from server/protocol/: don't edit, run `make types`.

/** Version of this wire, told in `hello`. */
export const WIRE_VERSION = 1;

/**
 * Which halves an accessor property has.
 */
export type Accessor = "getter" | "setter" | "getter_setter";

/**
 * What a client sends: a `type` and that type's fields. Read by [`super::parse::client_msg`].
 */
export type ClientMsg = { "type": "run" } & RunRequest | { "type": "stop" } & StopRequest | { "type": "input" } & InputRequest | { "type": "evaluate" } & EvaluateRequest;

/**
 * One console call (or one thing the runner says in the console's stead, such as an uncaught error).
 */
export type ConsoleEvent = {
/**
 * How grave it is.
 */
level: Level,
/**
 * What kind of call it was, where it was not a plain message.
 */
kind?: Kind,
/**
 * The call's arguments, in order.
 */
args: Array<Value>,
/**
 * How the leading arguments are laid out, when the first one was a format string with `%` directives.
 */
format?: Format,
/**
 * The event as one line of plain text, directives applied: what a terminal would show, newlines in
 * strings included. At most 4,096 UTF-16 units.
 */
text: string,
/**
 * Line of the call in the visitor's program, counted from 1; 0 where there is none.
 */
line: number,
/**
 * Column of the call, counted from 1 in UTF-16 units; 0 where there is none.
 */
column: number,
/**
 * The file that the call stands in, where that is not the entry file.
 */
file?: string,
/**
 * Milliseconds since the run started.
 */
at_ms: number,
/**
 * How many console groups are open around this event. Default 0.
 */
depth?: number,
/**
 * For `kind: "table"`: the cells.
 */
table?: Table,
/**
 * For `kind: "trace"`: the call stack, innermost first.
 */
stack?: Array<StackFrame>,
/**
 * For `kind: "display"`: the same thing in one form or several, by MIME type: `text/plain`, `text/html`,
 * `image/svg+xml` and `text/markdown` as they are, `application/json` as its text, `image/png`, `image/jpeg`,
 * `image/gif` and `image/webp` in base64. Where there is none, the value is in `args`.
 */
bundle?: { [key in string]: string }, };

/**
 * Output that did not reach the client.
 */
export type Dropped = {
/**
 * Whole console events.
 */
events: number,
/**
 * Their size, in bytes of JSON, as far as it is known.
 */
bytes: number, };

/**
 * What an `Error` says.
 */
export type ErrorValue = {
/**
 * Its `name`.
 */
name: string,
/**
 * Its `message`.
 */
message: string,
/**
 * Where it was made, innermost first; only frames of the visitor's program.
 */
stack: Array<StackFrame>,
/**
 * Its `cause`, where it has one.
 */
cause?: Value, };

/**
 * Body of an `evaluate` message.
 */
export type EvaluateRequest = {
/**
 * Which run; it was started with `repl`.
 */
run_id: string,
/**
 * The client's number for the evaluation, from 1 and higher than the one before.
 */
evaluation_id: number,
/**
 * What to evaluate, of at most 64 KiB, in the program's language; after a script or a module it sees the names at
 * the top level of the program. An expression may use `await`.
 */
source: string, };

/**
 * A format string taken apart. The arguments from `consumed` on are not part of it and follow it.
 */
export type Format = {
/**
 * What to show, in order, with nothing between.
 */
parts: Array<FormatPart>,
/**
 * How many leading `args` (the format string among them) the parts stand for.
 */
consumed: number, };

/**
 * A piece of a formatted message.
 */
export type FormatPart = { "type": "text",
/**
 * The text.
 */
text: string,
/**
 * CSS from the last `%c` before it, unchecked: the page applies a safe subset.
 */
style?: string, } | { "type": "value",
/**
 * Index into `args`.
 */
arg: number, };

/**
 * Body of an `input` message.
 */
export type InputRequest = {
/**
 * Which run.
 */
run_id: string,
/**
 * Which of its prompts.
 */
prompt_id: number,
/**
 * The answer, of at most 64 KiB; `null` for a prompt that was cancelled. To `confirm`, `y`, `yes`, `true`, `ok`
 * and `1` are a yes, in any case, and all else a no.
 */
value: string | null, };

/**
 * Console calls that are more than a message.
 */
export type Kind = "assert" | "clear" | "count" | "dir" | "display" | "group" | "group_collapsed" | "group_end" | "network" | "prompt" | "table" | "time" | "trace";

/**
 * Languages a program can be written in.
 */
export type Language = "javascript" | "typescript" | "jsx" | "tsx";

/**
 * Severity of a console event, for colour and filtering.
 */
export type Level = "debug" | "log" | "info" | "warn" | "error";

/**
 * The bounds that one run is held to. `usage` in a finished run has the same names.
 */
export type Limits = {
/**
 * Wall-clock time from start to end, in milliseconds. Default 10,000.
 */
wall_ms: number,
/**
 * How long the program may have a question open in all, in milliseconds; `wall_ms` stands still meanwhile.
 * Default 120,000.
 */
prompt_ms: number,
/**
 * CPU time of the process, in milliseconds. Default 5,000.
 */
cpu_ms: number,
/**
 * V8's heap, in bytes. Default 64 MiB.
 */
heap_bytes: number,
/**
 * `ArrayBuffer` and WebAssembly memory together, in bytes. Default 64 MiB.
 */
buffer_bytes: number,
/**
 * Resident memory of the whole process, in bytes. Default 256 MiB.
 */
process_bytes: number,
/**
 * Console events and the result, as serialised for the wire, in bytes. Default 1 MiB.
 */
output_bytes: number,
/**
 * How many console events a run may emit. Default 10,000.
 */
console_events: number, };

/**
 * A request's wish for tighter limits. An absent field means the server's own.
 */
export type LimitsRequest = {
/**
 * See [`Limits::wall_ms`].
 */
wall_ms?: number,
/**
 * See [`Limits::prompt_ms`].
 */
prompt_ms?: number,
/**
 * See [`Limits::cpu_ms`].
 */
cpu_ms?: number,
/**
 * See [`Limits::heap_bytes`].
 */
heap_bytes?: number,
/**
 * See [`Limits::buffer_bytes`].
 */
buffer_bytes?: number,
/**
 * See [`Limits::process_bytes`].
 */
process_bytes?: number,
/**
 * See [`Limits::output_bytes`].
 */
output_bytes?: number,
/**
 * See [`Limits::console_events`].
 */
console_events?: number, };

/**
 * How a program is evaluated.
 */
export type Mode = "auto" | "script" | "module" | "commonjs" | "function";

/**
 * What an [`ObjectValue`] is. Taken from V8's own idea of the object, which no program can fake.
 */
export type ObjectKind = "object" | "array" | "arguments" | "function" | "class" | "error" | "map" | "set" | "weak_map" | "weak_set" | "weak_ref" | "date" | "temporal" | "reg_exp" | "promise" | "proxy" | "typed_array" | "array_buffer" | "data_view" | "boxed" | "generator" | "iterator" | "module";

/**
 * An object, a function, or anything else with an identity.
 */
export type ObjectValue = {
/**
 * What it is.
 */
kind: ObjectKind,
/**
 * Name of its class (constructor), as V8 has it; absent for a null prototype.
 */
class?: string,
/**
 * One line that stands for it while collapsed, such as `{a: 1, b: Array(2)}`. At most 256 UTF-16 units.
 */
text: string,
/**
 * Present when a [`Value::Ref`] in the same tree points here.
 */
id?: number,
/**
 * Arrays, typed arrays: the number of elements. ArrayBuffer, DataView: of bytes. Map, Set, URLSearchParams:
 * of entries.
 */
length?: number,
/**
 * Elements of an array, typed array or Set, from index 0; runs of holes as one [`Value::Hole`].
 */
items?: Array<Value>,
/**
 * Entries of a Map or of what lists pairs as one does, such as a URLSearchParams.
 */
entries?: Array<[Value, Value]>,
/**
 * Own properties: strings in insertion order, then symbols; array indices are in `items`. Before them, for
 * an object of the platform (`URL`, `Event`…) or of `Temporal`, its attributes.
 */
properties?: Array<Property>,
/**
 * Elements, entries and properties that are not shown. Default 0.
 */
more?: number,
/**
 * Promises: `pending`, `fulfilled` or `rejected`, and for the latter two `value`.
 */
state?: PromiseState,
/**
 * A settled promise's value or reason; a boxed primitive's; a proxy's target.
 */
value?: Value,
/**
 * A proxy's handler.
 */
handler?: Value,
/**
 * Its prototype, where it was asked for: by `console.dir`, and of what was evaluated.
 */
prototype?: Value,
/**
 * Errors: what they say and where they were made.
 */
error?: ErrorValue, };

/**
 * A part of a returned value that could not be copied.
 */
export type Omitted = {
/**
 * Where it is, such as `users[0].born`; empty for the value itself.
 */
path: string,
/**
 * What it is and, where there is one, what to return instead.
 */
reason: string, };

/**
 * How a run ended.
 */
export type Outcome = "completed" | "failed" | "timed_out" | "cpu_exceeded" | "memory_exceeded" | "output_exceeded" | "stopped" | "crashed";

/**
 * State of a promise.
 */
export type PromiseState = "pending" | "fulfilled" | "rejected";

/**
 * What a program asks for.
 */
export type PromptKind = "prompt" | "confirm" | "alert" | "line";

/**
 * One own property of an object.
 */
export type Property = {
/**
 * The key; for a symbol `Symbol(name)`.
 */
key: string,
/**
 * Whether the key is a symbol. Default false.
 */
symbol?: boolean,
/**
 * Whether the property is left out by `for…in` and `Object.keys`. Default false.
 */
hidden?: boolean,
/**
 * Its value; absent for an accessor, which is never run.
 */
value?: Value,
/**
 * For an accessor: which halves it has.
 */
accessor?: Accessor, };

/**
 * Why something was rejected.
 */
export type RejectReason = "busy" | "too_large" | "bad_request" | "duplicate_run_id" | "too_many_runs" | "rate_limited" | "unknown_run" | "unknown_prompt" | "too_many_evaluations" | "blocked";

/**
 * Why a run stays no longer after its program's end.
 */
export type ReleaseReason = "time" | "others";

/**
 * What a function returned, as JSON.
 */
export type Returned = {
/**
 * The copy. What JSON can't say is left out of objects and `null` elsewhere.
 */
json: unknown,
/**
 * What could not be copied.
 */
omitted: Array<Omitted>,
/**
 * How much more could not be copied than `omitted` lists. Default 0.
 */
more?: number, };

/**
 * What went wrong in a run.
 */
export type RunError = {
/**
 * The error's `name`; `Uncaught` for a thrown value that is no error; for limits one of
 * `TimeLimit PromptLimit CpuLimit MemoryLimit OutputLimit Stopped Crashed`.
 */
name: string,
/**
 * What happened and, for limits, where and what to do about it.
 */
message: string,
/**
 * Where, innermost first; only frames of the visitor's program. A syntax error has one frame.
 */
stack: Array<StackFrame>,
/**
 * The error's `cause`, where it has one.
 */
cause?: Value,
/**
 * Whether it is the reason of a rejected promise that nobody handled. Default false.
 */
in_promise?: boolean, };

/**
 * What is known of a run when it has ended.
 */
export type RunReport = {
/**
 * How it ended.
 */
outcome: Outcome,
/**
 * The value of the program's last expression, of what CommonJS exports or of what a function returned, as a
 * console value; `null` unless it completed with one.
 */
value: Value | null,
/**
 * What the function returned, in mode `function`, as JSON; else `null`.
 */
returned: Returned | null,
/**
 * What went wrong, and what to do; `null` when it completed.
 */
error: RunError | null,
/**
 * Where the program was when it was stopped; `null` if it was not, was waiting, or could not be asked.
 */
stopped_at: StackFrame | null,
/**
 * What it used, and what it was allowed.
 */
usage: Usage,
/**
 * Output that was cut.
 */
dropped: Dropped, };

/**
 * A program to run, as sent over the WebSocket or as the body of `POST /api/v1/run`.
 */
export type RunRequest = {
/**
 * The client's name for the run, not used before on this connection. Required on the WebSocket; over
 * HTTP one is made when it is absent.
 */
run_id?: string,
/**
 * The program's text. Either this or `files`.
 */
source?: string,
/**
 * The program's files, which import each other by relative paths.
 */
files?: Array<SourceFile>,
/**
 * Which of `files` is run. Default: the only one, else `main.*`, else `index.*`, else the first.
 */
entry?: string,
/**
 * What `source` is written in; of files, their extensions say it. Default `javascript`.
 */
language?: Language,
/**
 * How the program is evaluated. Default `auto`.
 */
mode?: Mode,
/**
 * For mode `function`: the name of the exported function to call. Default: the default export, or
 * `module.exports`.
 */
export?: string,
/**
 * Any JSON value; the program sees its own copy as the global `input`, a function as its argument.
 * Default: no such global.
 */
input?: unknown,
/**
 * Tighter limits than the server's own.
 */
limits?: LimitsRequest,
/**
 * Answers to `prompt`, `confirm` and `readLine`, in order, given before anybody is asked. Over HTTP nobody is.
 */
stdin?: Array<string>,
/**
 * Whether to send `usage` while it runs, on the WebSocket. Default false.
 */
usage?: boolean,
/**
 * Take `evaluate` messages, and keep the program's isolate for them for a while after its end, which `paused`
 * tells. Default false; over HTTP it does nothing.
 */
repl?: boolean, };

/**
 * The answer to `POST /api/v1/run`.
 */
export type RunResponse = {
/**
 * The request's `run_id`, or the one made for it.
 */
run_id: string,
/**
 * Every console event, in order.
 */
console: Array<ConsoleEvent>,
/**
 * How it ended.
 */
outcome: Outcome,
/**
 * The value of the program's last expression, of what CommonJS exports or of what a function returned, as a
 * console value; `null` unless it completed with one.
 */
value: Value | null,
/**
 * What the function returned, in mode `function`, as JSON; else `null`.
 */
returned: Returned | null,
/**
 * What went wrong, and what to do; `null` when it completed.
 */
error: RunError | null,
/**
 * Where the program was when it was stopped; `null` if it was not, was waiting, or could not be asked.
 */
stopped_at: StackFrame | null,
/**
 * What it used, and what it was allowed.
 */
usage: Usage,
/**
 * Output that was cut.
 */
dropped: Dropped, };

/**
 * What the server sends.
 */
export type ServerMsg = { "type": "hello",
/**
 * [`WIRE_VERSION`].
 */
version: number,
/**
 * What runs the programs, such as `V8 15.0.1`.
 */
engine: string,
/**
 * What a run may use when it does not ask for less.
 */
limits: Limits,
/**
 * The longest source accepted, in bytes of UTF-8. Default 256 KiB.
 */
source_bytes: number,
/**
 * The longest console event sent, in bytes of JSON. Default 64 KiB.
 */
message_bytes: number,
/**
 * How many runs may be open on one connection at once. Default 8.
 */
open_runs: number,
/**
 * How long a run with `repl` stays after its program's end, in all, in milliseconds. Default 60,000; 0 is
 * not at all.
 */
paused_ms: number, } | { "type": "queued",
/**
 * Which run.
 */
run_id: string,
/**
 * How many runs will start until it has, itself included, if nobody else comes. Sent again as it
 * changes; it can grow, as clients take turns.
 */
position: number, } | { "type": "started",
/**
 * Which run.
 */
run_id: string, } | { "type": "console",
/**
 * Which run.
 */
run_id: string,
/**
 * Number of the first event in this frame, from 0 in each run: a gap would mean loss.
 */
seq: number,
/**
 * The events, passed on as the isolate's process wrote them.
 */
events: Array<ConsoleEvent>, } | { "type": "prompt",
/**
 * Which run.
 */
run_id: string,
/**
 * The question's name in this run.
 */
prompt_id: number,
/**
 * What is asked for.
 */
kind: PromptKind,
/**
 * The question. Text, not markup.
 */
message: string,
/**
 * The answer that is proposed.
 */
default?: string, } | { "type": "usage",
/**
 * Which run.
 */
run_id: string,
/**
 * As in its report.
 */
usage: Usage,
/**
 * Where the program is; absent while it waits.
 */
at?: StackFrame, } | { "type": "paused",
/**
 * Which run.
 */
run_id: string,
/**
 * How long it stays from now, while nothing is evaluated, in milliseconds.
 */
left_ms: number,
/**
 * How the program has ended; there the first time only.
 */
report?: RunReport, } | { "type": "evaluated",
/**
 * Which run.
 */
run_id: string,
/**
 * Which evaluation.
 */
evaluation_id: number,
/**
 * Its value, as a console value.
 */
value?: Value,
/**
 * What it threw.
 */
error?: RunError, } | { "type": "released",
/**
 * Which run.
 */
run_id: string,
/**
 * Why.
 */
reason: ReleaseReason, } | { "type": "finished",
/**
 * Which run.
 */
run_id: string,
/**
 * How it ended.
 */
outcome: Outcome,
/**
 * The value of the program's last expression, of what CommonJS exports or of what a function returned, as a
 * console value; `null` unless it completed with one.
 */
value: Value | null,
/**
 * What the function returned, in mode `function`, as JSON; else `null`.
 */
returned: Returned | null,
/**
 * What went wrong, and what to do; `null` when it completed.
 */
error: RunError | null,
/**
 * Where the program was when it was stopped; `null` if it was not, was waiting, or could not be asked.
 */
stopped_at: StackFrame | null,
/**
 * What it used, and what it was allowed.
 */
usage: Usage,
/**
 * Output that was cut.
 */
dropped: Dropped, } | { "type": "rejected",
/**
 * Which run, where the frame could be tied to one.
 */
run_id?: string,
/**
 * Why, for a program.
 */
reason: RejectReason,
/**
 * Why, for a person, and what to do.
 */
message: string,
/**
 * When to try again, in milliseconds, where that would help.
 */
retry_after_ms?: number, };

/**
 * One file of a program.
 */
export type SourceFile = {
/**
 * A relative path: segments of `A-Z a-z 0-9 _ . -` joined by `/`, at most 100 characters. Its extension says
 * the language: `.js .mjs .cjs .jsx .ts .mts .cts .tsx .json`.
 */
name: string,
/**
 * Its text.
 */
content: string, };

/**
 * One frame of a call stack, in the visitor's own lines.
 */
export type StackFrame = {
/**
 * Name of the function; empty at top level and for anonymous functions.
 */
function: string,
/**
 * Line, counted from 1.
 */
line: number,
/**
 * Column, counted from 1 in UTF-16 units.
 */
column: number,
/**
 * The file, where that is not the entry file.
 */
file?: string,
/**
 * Whether it was not running but waiting: an `async` function that awaits the one before it. Default false.
 */
async?: boolean, };

/**
 * Body of a `stop` message.
 */
export type StopRequest = {
/**
 * Which run.
 */
run_id: string, };

/**
 * A table as `console.table` lays it out.
 */
export type Table = {
/**
 * Headings, the first one (`(index)` or `(iteration index)`) for the rows' own names.
 */
columns: Array<string>,
/**
 * The rows.
 */
rows: Array<TableRow>,
/**
 * Rows that were cut.
 */
more_rows: number,
/**
 * Columns that were cut.
 */
more_columns: number, };

/**
 * One row of a [`Table`].
 */
export type TableRow = {
/**
 * The row's own name: an array index, a property key.
 */
index: string,
/**
 * One cell for each column after the first; `null` where the row has no such property.
 */
cells: Array<Value | null>, };

/**
 * What a run used.
 */
export type Usage = {
/**
 * Milliseconds from start to end, without `prompt_ms`.
 */
wall_ms: number,
/**
 * Milliseconds in which the program had a question open.
 */
prompt_ms: number,
/**
 * Milliseconds of CPU.
 */
cpu_ms: number,
/**
 * V8's heap in use at the end (or when last seen), in bytes.
 */
heap_bytes: number,
/**
 * The most that buffers and WebAssembly memory held, in bytes.
 */
buffer_bytes: number,
/**
 * The most that the process held resident, shared pages included, in bytes.
 */
process_bytes: number,
/**
 * Console events and the result as sent, in bytes.
 */
output_bytes: number,
/**
 * Console events sent.
 */
console_events: number,
/**
 * The limits that applied.
 */
limits: {
/**
 * Wall-clock time from start to end, in milliseconds. Default 10,000.
 */
wall_ms: number,
/**
 * How long the program may have a question open in all, in milliseconds; `wall_ms` stands still meanwhile.
 * Default 120,000.
 */
prompt_ms: number,
/**
 * CPU time of the process, in milliseconds. Default 5,000.
 */
cpu_ms: number,
/**
 * V8's heap, in bytes. Default 64 MiB.
 */
heap_bytes: number,
/**
 * `ArrayBuffer` and WebAssembly memory together, in bytes. Default 64 MiB.
 */
buffer_bytes: number,
/**
 * Resident memory of the whole process, in bytes. Default 256 MiB.
 */
process_bytes: number,
/**
 * Console events and the result, as serialised for the wire, in bytes. Default 1 MiB.
 */
output_bytes: number,
/**
 * How many console events a run may emit. Default 10,000.
 */
console_events: number, }, };

/**
 * A JavaScript value, as far as it was looked at.
 */
export type Value = { "type": "undefined" } | { "type": "null" } | { "type": "boolean",
/**
 * Itself.
 */
value: boolean, } | { "type": "number",
/**
 * Itself. Never −0.
 */
value: number, } | { "type": "special_number",
/**
 * `NaN`, `Infinity`, `-Infinity` or `-0`.
 */
value: string, } | { "type": "bigint",
/**
 * Decimal digits without the `n`. Over 1,000 digits: `0x` and leading hex digits, then `…`.
 */
value: string, } | { "type": "string",
/**
 * Its beginning. Lone surrogates are shown as U+FFFD.
 */
value: string,
/**
 * How long the whole is, in UTF-16 units: more than `value` holds means that it was cut.
 */
length: number, } | { "type": "symbol",
/**
 * As `String(symbol)` gives it: `Symbol(name)`.
 */
value: string, } | { "type": "hole",
/**
 * How many in a row.
 */
count: number, } | { "type": "ref",
/**
 * The `id` of that object.
 */
id: number, } | { "type": "object" } & ObjectValue;
