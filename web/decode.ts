// From a frame's text to a message whose types can be trusted. The server passes on what a run's process
// wrote without looking inside, so every field is checked here; what is wrong becomes a default or is left out.
// Long because the wire is: one function for each of its types, and nothing else.

import type {
  Accessor,
  ConsoleEvent,
  Dropped,
  ErrorValue,
  Format,
  FormatPart,
  Kind,
  Level,
  Limits,
  ObjectKind,
  ObjectValue,
  Outcome,
  PromiseState,
  PromptKind,
  Property,
  RejectReason,
  ReleaseReason,
  Returned,
  RunError,
  RunReport,
  ServerMsg,
  StackFrame,
  Table,
  Usage,
  Value,
} from "./protocol.ts";

type Fields = Record<string, unknown>;

/** How deep a value's tree may be. The server's own bound is far below. */
const MAX_DEPTH = 64;

/** `Record` rather than an array, so that the compiler finds a name that the wire has gained or lost. */
const LEVELS: Record<Level, true> = { debug: true, log: true, info: true, warn: true, error: true };
const KINDS: Record<Kind, true> = {
  assert: true,
  clear: true,
  count: true,
  dir: true,
  display: true,
  group: true,
  group_collapsed: true,
  group_end: true,
  network: true,
  prompt: true,
  table: true,
  time: true,
  trace: true,
};
const OBJECT_KINDS: Record<ObjectKind, true> = {
  object: true,
  array: true,
  arguments: true,
  function: true,
  class: true,
  error: true,
  map: true,
  set: true,
  weak_map: true,
  weak_set: true,
  weak_ref: true,
  date: true,
  temporal: true,
  reg_exp: true,
  promise: true,
  proxy: true,
  typed_array: true,
  array_buffer: true,
  data_view: true,
  boxed: true,
  generator: true,
  iterator: true,
  module: true,
};
const OUTCOMES: Record<Outcome, true> = {
  completed: true,
  failed: true,
  timed_out: true,
  cpu_exceeded: true,
  memory_exceeded: true,
  output_exceeded: true,
  stopped: true,
  crashed: true,
};
const REASONS: Record<RejectReason, true> = {
  busy: true,
  too_large: true,
  bad_request: true,
  duplicate_run_id: true,
  too_many_runs: true,
  rate_limited: true,
  unknown_run: true,
  unknown_prompt: true,
  too_many_evaluations: true,
  blocked: true,
};
const RELEASES: Record<ReleaseReason, true> = { time: true, others: true };
const PROMPTS: Record<PromptKind, true> = { prompt: true, confirm: true, alert: true, line: true };
const STATES: Record<PromiseState, true> = { pending: true, fulfilled: true, rejected: true };
const ACCESSORS: Record<Accessor, true> = { getter: true, setter: true, getter_setter: true };

/** The message in a frame; `null` when it is none that this page knows. */
export function decodeFrame(text: string): ServerMsg | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null;
  }
  return decodeMessage(raw);
}

/** The message that `raw`, read from JSON, is. */
export function decodeMessage(raw: unknown): ServerMsg | null {
  const from = fields(raw);
  if (from === null) return null;
  const runId = typeof from["run_id"] === "string" ? from["run_id"] : null;
  switch (from["type"]) {
    case "hello":
      return {
        type: "hello",
        version: whole(from["version"]),
        engine: string(from["engine"]),
        limits: limits(from["limits"]),
        source_bytes: whole(from["source_bytes"]),
        message_bytes: whole(from["message_bytes"]),
        open_runs: whole(from["open_runs"]),
        paused_ms: whole(from["paused_ms"]),
      };
    case "queued":
      return runId === null ? null : { type: "queued", run_id: runId, position: whole(from["position"]) };
    case "started":
      return runId === null ? null : { type: "started", run_id: runId };
    case "console":
      return runId === null || !Array.isArray(from["events"])
        ? null
        : { type: "console", run_id: runId, seq: whole(from["seq"]), events: from["events"].map(decodeEvent) };
    case "usage": {
      if (runId === null) return null;
      const at = frame(from["at"]);
      return { type: "usage", run_id: runId, usage: usage(from["usage"]), ...(at === null ? {} : { at }) };
    }
    case "prompt": {
      const kind = oneOf(PROMPTS, from["kind"]);
      if (runId === null || kind === null) return null;
      return {
        type: "prompt",
        run_id: runId,
        prompt_id: whole(from["prompt_id"]),
        kind,
        message: string(from["message"]),
        ...(typeof from["default"] === "string" ? { default: from["default"] } : {}),
      };
    }
    case "paused": {
      const ended = fields(from["report"]);
      const told = ended === null ? null : report(ended);
      if (runId === null || (ended !== null && told === null)) return null;
      return { type: "paused", run_id: runId, left_ms: whole(from["left_ms"]), ...(told === null ? {} : { report: told }) };
    }
    case "evaluated": {
      const error = runError(from["error"]);
      if (runId === null) return null;
      const came = error === null ? { value: decodeValue(from["value"]) } : { error };
      return { type: "evaluated", run_id: runId, evaluation_id: whole(from["evaluation_id"]), ...came };
    }
    case "released":
      return runId === null ? null : { type: "released", run_id: runId, reason: oneOf(RELEASES, from["reason"]) ?? "time" };
    case "finished": {
      const told = report(from);
      return runId === null || told === null ? null : { type: "finished", run_id: runId, ...told };
    }
    case "rejected":
      return {
        type: "rejected",
        ...(runId === null ? {} : { run_id: runId }),
        reason: oneOf(REASONS, from["reason"]) ?? "bad_request",
        message: string(from["message"]),
        ...(typeof from["retry_after_ms"] === "number" ? { retry_after_ms: whole(from["retry_after_ms"]) } : {}),
      };
    default:
      return null;
  }
}

function report(from: Fields): RunReport | null {
  const outcome = oneOf(OUTCOMES, from["outcome"]);
  if (outcome === null) return null;
  return {
    outcome,
    value: from["value"] === null || from["value"] === undefined ? null : decodeValue(from["value"]),
    returned: returned(from["returned"]),
    error: runError(from["error"]),
    stopped_at: frame(from["stopped_at"]),
    usage: usage(from["usage"]),
    dropped: dropped(from["dropped"]),
  };
}

/** A console event. What is none gives an event that says so: its place in the numbering stays taken. */
export function decodeEvent(raw: unknown): ConsoleEvent {
  const from = fields(raw);
  if (from === null) {
    return { level: "error", args: [], text: "(an event this page can't read)", line: 0, column: 0, at_ms: 0 };
  }
  const kind = oneOf(KINDS, from["kind"]);
  const format = decodeFormat(from["format"]);
  const table = decodeTable(from["table"]);
  const bundle = fields(from["bundle"]);
  return {
    level: oneOf(LEVELS, from["level"]) ?? "log",
    ...(kind === null ? {} : { kind }),
    args: list(from["args"], (value) => decodeValue(value)),
    ...(format === null ? {} : { format }),
    text: string(from["text"]),
    line: whole(from["line"]),
    column: whole(from["column"]),
    ...(typeof from["file"] === "string" ? { file: from["file"] } : {}),
    at_ms: whole(from["at_ms"]),
    depth: whole(from["depth"]),
    ...(table === null ? {} : { table }),
    ...(Array.isArray(from["stack"]) ? { stack: frames(from["stack"]) } : {}),
    ...(bundle === null ? {} : { bundle: texts(bundle) }),
  };
}

/** A value's tree. What is none, or too deep, is replaced by a value that says so. */
export function decodeValue(raw: unknown, depth = 0): Value {
  const from = fields(raw);
  if (from === null || depth > MAX_DEPTH) return unreadable();
  const value = from["value"];
  switch (from["type"]) {
    case "undefined":
    case "null":
      return { type: from["type"] };
    case "boolean":
      return { type: "boolean", value: value === true };
    case "number":
      return typeof value === "number" ? { type: "number", value } : unreadable();
    case "special_number":
    case "bigint":
    case "symbol":
      return { type: from["type"], value: string(value) };
    case "string":
      return { type: "string", value: string(value), length: whole(from["length"]) };
    case "hole":
      return { type: "hole", count: whole(from["count"]) };
    case "ref":
      return { type: "ref", id: whole(from["id"]) };
    case "object":
      return { type: "object", ...decodeObject(from, depth + 1) };
    default:
      return unreadable();
  }
}

function unreadable(): Value {
  return { type: "object", kind: "object", text: "(a value this page can't read)" };
}

function decodeObject(from: Fields, depth: number): ObjectValue {
  const inner = (raw: unknown) => decodeValue(raw, depth);
  const optional = (name: "value" | "handler" | "prototype") => (from[name] === undefined ? {} : { [name]: inner(from[name]) });
  const state = oneOf(STATES, from["state"]);
  const error = fields(from["error"]);
  return {
    kind: oneOf(OBJECT_KINDS, from["kind"]) ?? "object",
    ...(typeof from["class"] === "string" ? { class: from["class"] } : {}),
    text: string(from["text"]),
    ...(typeof from["id"] === "number" ? { id: whole(from["id"]) } : {}),
    ...(typeof from["length"] === "number" ? { length: whole(from["length"]) } : {}),
    items: list(from["items"], inner),
    entries: list(from["entries"], (entry): [Value, Value] => {
      const [key, value] = Array.isArray(entry) ? (entry as unknown[]) : [];
      return [inner(key), inner(value)];
    }),
    properties: list(from["properties"], (property) => decodeProperty(property, depth)),
    more: whole(from["more"]),
    ...(state === null ? {} : { state }),
    ...optional("value"),
    ...optional("handler"),
    ...optional("prototype"),
    ...(error === null ? {} : { error: decodeError(error, depth) }),
  };
}

function decodeError(from: Fields, depth: number): ErrorValue {
  return {
    name: string(from["name"]),
    message: string(from["message"]),
    stack: frames(from["stack"]),
    ...(from["cause"] === undefined ? {} : { cause: decodeValue(from["cause"], depth) }),
  };
}

function decodeProperty(raw: unknown, depth: number): Property {
  const from = fields(raw) ?? {};
  const accessor = oneOf(ACCESSORS, from["accessor"]);
  return {
    key: string(from["key"]),
    symbol: from["symbol"] === true,
    hidden: from["hidden"] === true,
    ...(accessor === null ? { value: decodeValue(from["value"], depth) } : { accessor }),
  };
}

function decodeFormat(raw: unknown): Format | null {
  const from = fields(raw);
  if (from === null) return null;
  let last = 0;
  const parts = list(from["parts"], (part): FormatPart => {
    const piece = fields(part) ?? {};
    if (piece["type"] === "value") return { type: "value", arg: whole(piece["arg"]) };
    return {
      type: "text",
      text: string(piece["text"]),
      ...(typeof piece["style"] === "string" ? { style: piece["style"] } : {}),
    };
  });
  return {
    consumed: whole(from["consumed"]),
    // Each value is named once, in order. One that is named often would be shown as often.
    parts: parts.filter((part) => {
      if (part.type !== "value") return true;
      if (part.arg <= last) return false;
      last = part.arg;
      return true;
    }),
  };
}

/** Those of `from` that are texts. Without a prototype, since the names are a program's. */
function texts(from: Fields): Record<string, string> {
  const bundle = Object.create(null) as Record<string, string>;
  for (const [name, text] of Object.entries(from)) if (typeof text === "string") bundle[name] = text;
  return bundle;
}

function decodeTable(raw: unknown): Table | null {
  const from = fields(raw);
  if (from === null) return null;
  return {
    columns: list(from["columns"], string),
    rows: list(from["rows"], (row) => {
      const line = fields(row) ?? {};
      return {
        index: string(line["index"]),
        cells: list(line["cells"], (cell) => (cell === null ? null : decodeValue(cell))),
      };
    }),
    more_rows: whole(from["more_rows"]),
    more_columns: whole(from["more_columns"]),
  };
}

function runError(raw: unknown): RunError | null {
  const from = fields(raw);
  if (from === null) return null;
  return {
    name: string(from["name"]),
    message: string(from["message"]),
    stack: frames(from["stack"]),
    ...(from["cause"] === undefined ? {} : { cause: decodeValue(from["cause"]) }),
    ...(from["in_promise"] === true ? { in_promise: true } : {}),
  };
}

function frames(raw: unknown): StackFrame[] {
  return list(raw, frame).filter((entry) => entry !== null);
}

function returned(raw: unknown): Returned | null {
  const from = fields(raw);
  if (from === null) return null;
  return {
    json: from["json"],
    omitted: list(from["omitted"], (raw) => {
      const it = fields(raw) ?? {};
      return { path: string(it["path"]), reason: string(it["reason"]) };
    }),
    ...(from["more"] === undefined ? {} : { more: whole(from["more"]) }),
  };
}

function frame(raw: unknown): StackFrame | null {
  const from = fields(raw);
  if (from === null) return null;
  return {
    function: string(from["function"]),
    line: whole(from["line"]),
    column: whole(from["column"]),
    ...(typeof from["file"] === "string" ? { file: from["file"] } : {}),
    ...(from["async"] === true ? { async: true } : {}),
  };
}

function limits(raw: unknown): Limits {
  const from = fields(raw) ?? {};
  return {
    wall_ms: whole(from["wall_ms"]),
    prompt_ms: whole(from["prompt_ms"]),
    cpu_ms: whole(from["cpu_ms"]),
    heap_bytes: whole(from["heap_bytes"]),
    buffer_bytes: whole(from["buffer_bytes"]),
    process_bytes: whole(from["process_bytes"]),
    output_bytes: whole(from["output_bytes"]),
    console_events: whole(from["console_events"]),
  };
}

function usage(raw: unknown): Usage {
  return { ...limits(raw), limits: limits(fields(raw)?.["limits"]) };
}

function dropped(raw: unknown): Dropped {
  const from = fields(raw) ?? {};
  return { events: whole(from["events"]), bytes: whole(from["bytes"]) };
}

function fields(raw: unknown): Fields | null {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) ? (raw as Fields) : null;
}

function list<T>(raw: unknown, each: (entry: unknown) => T): T[] {
  return Array.isArray(raw) ? raw.map((entry: unknown) => each(entry)) : [];
}

function string(raw: unknown): string {
  return typeof raw === "string" ? raw : "";
}

/** A whole number from 0 that JavaScript can hold exactly; anything else gives 0. */
function whole(raw: unknown): number {
  return typeof raw === "number" && Number.isSafeInteger(raw) && raw >= 0 ? raw : 0;
}

function oneOf<Name extends string>(names: Record<Name, true>, raw: unknown): Name | null {
  return typeof raw === "string" && Object.hasOwn(names, raw) ? (raw as Name) : null;
}
