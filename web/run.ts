// What the page knows of its run, as a pure function: state and action in, state and effects out. No DOM, no
// clock, no socket; main.ts carries the effects out.

import {
  WIRE_VERSION,
  type ClientMsg,
  type ConsoleEvent,
  type Language,
  type Level,
  type Limits,
  type RunError,
  type RunReport,
  type ServerMsg,
  type StackFrame,
  type Usage,
  type Value,
} from "./protocol.ts";
import type { Question } from "./console/asks.ts";
import type { RunAs } from "./inputs.ts";
import type { Connection } from "./socket.ts";
import { words } from "./strings/words.ts";
import { bytes, count, duration } from "./units.ts";

/** How much longer than its limits allow a run may stay silent before the connection is given up. */
const SILENCE_MS = 15_000;

/** A run that the server has been told of and that has not ended. */
export type Open = {
  runId: string;
  program: Program;
  /** `sent` until the server answers. */
  at: "sent" | "queued" | "running";
  /** Place in the queue, 1 being next; 0 when not queued. */
  position: number;
  /** When `at` last changed, in milliseconds of the page's clock. */
  since: number;
  /** The visitor has asked for its end. */
  stopping: boolean;
  /** Number of the next console event. */
  nextSeq: number;
  /** When the server was last heard of it. */
  heardAt: number;
  /** What the program has asked and nobody has answered. */
  questions: Question[];
  /** How long it has waited for answers, and since when it does now; `null` while nothing is asked. */
  waited: number;
  waitsSince: number | null;
  /** What it had used when the server last told, and where the program was. */
  usage: Usage | null;
  place: StackFrame | null;
  /** The visitor knows that it computes for long. */
  goesOn: boolean;
  /** Takes evaluations: the number of the next one, and those under way. */
  repl: boolean;
  nextEvaluation: number;
  evaluating: readonly number[];
  /** Until when it stays after its program's end, on the page's clock; null while it does something. */
  until: number | null;
};

/** What is to run: one program, or files and which of them is the program. */
export type Program = RunAs & ({ source: string; language: Language } | { files: { name: string; content: string }[]; entry: string });

/** Where the visitor's run is. */
export type Phase =
  | { at: "idle" }
  /** To be sent as soon as there is a connection. */
  | { at: "waiting"; runId: string; program: Program; repl: boolean }
  | Open
  | { at: "finished"; report: RunReport }
  /** `retryAt`: when trying again could help, on the page's clock. */
  | { at: "rejected"; message: string; retryAt: number | null }
  /** Its end will never be known. */
  | { at: "lost"; message: string };

/** Everything the page knows besides the text in the editor. */
export type State = {
  connection: Connection;
  /** What the server last said of itself. */
  hello: Extract<ServerMsg, { type: "hello" }> | null;
  phase: Phase;
  /** The run whose program has ended and whose isolate is still there; its report is in `phase`. */
  alive: Open | null;
};

/** What can happen. `now` is the page's clock in milliseconds. */
export type Action =
  /** `repl`: what the visitor evaluates goes to the program's isolate, also for a while after its end. */
  | { type: "run"; runId: string; program: Program; repl?: boolean; now: number }
  | { type: "stop" }
  /** A run that computes for long may go on. */
  | { type: "go_on" }
  /** An answer to what the program asked; `null` for none. */
  | { type: "answer"; id: number; value: string | null; now: number }
  | { type: "evaluate"; source: string; now: number }
  | { type: "connection"; connection: Connection }
  | { type: "message"; message: ServerMsg; now: number }
  | { type: "unreadable" }
  /** A run of another time is shown: with its events, or its end after they were shown one by one. */
  | { type: "recorded"; events: ConsoleEvent[] | null; report: RunReport }
  | { type: "tick"; now: number };

/** What is to be done about it. */
export type Effect =
  | { type: "send"; message: ClientMsg }
  /** A new run begins: empty the console, take the markers off, remember the program as it is. */
  | { type: "begin" }
  /** `late`: of what was evaluated after the program's end. */
  | { type: "events"; events: ConsoleEvent[]; late: boolean }
  /** What the visitor evaluates. */
  | { type: "input"; source: string }
  | { type: "result"; value: Value }
  | { type: "error"; error: RunError }
  /** The page's own words in the console. */
  | { type: "notice"; level: Level; text: string }
  /** Mark a place in the program. */
  | { type: "mark"; kind: "error" | "stopped"; frame: StackFrame; message: string }
  /** Words for a screen reader. */
  | { type: "announce"; text: string }
  | { type: "reconnect"; reason: string };

/** A new state and what to do. */
export type Step = { state: State; effects: Effect[] };

/** State of a page just opened. */
export const INITIAL: State = { connection: { at: "connecting" }, hello: null, phase: { at: "idle" }, alive: null };

/** What happens to `state` by `action`. */
export function update(state: State, action: Action): Step {
  switch (action.type) {
    case "run":
      return run(state, action.runId, action.program, action.repl === true, action.now);
    case "stop":
      return stop(state);
    case "go_on":
      return goOn(state);
    case "answer":
      return answer(state, action.id, action.value, action.now);
    case "evaluate":
      return evaluate(state, action.source, action.now);
    case "connection":
      return connection(state, action.connection);
    case "message":
      return message(state, action.message, action.now);
    case "unreadable":
      return step(state, {
        type: "notice",
        level: "warn",
        text: words().unreadable,
      });
    case "recorded":
      return recorded(state, action.events, action.report);
    case "tick":
      return tick(state, action.now);
  }
}

/** The run that the server works on for this page. */
export function openRun(state: State): Open | null {
  const { phase } = state;
  return phase.at === "sent" || phase.at === "queued" || phase.at === "running" ? phase : null;
}

/** The run that takes evaluations: one that runs, or whose program has ended and that stays. */
export function replRun(state: State): Open | null {
  const open = openRun(state) ?? state.alive;
  return open?.repl === true && open.at === "running" && !open.stopping ? open : null;
}

/** Whether Stop would do something. */
export function canStop(state: State): boolean {
  const open = openRun(state) ?? (state.alive?.until === null ? state.alive : null);
  return state.phase.at === "waiting" || open?.stopping === false;
}

/** What the visitor can answer now. */
export function questions(state: State): readonly Question[] {
  const open = openRun(state) ?? state.alive;
  return open === null || open.stopping ? [] : open.questions;
}

/** How long the program has waited for answers, by the page's clock. */
export function waited(open: Open, now: number): number {
  return open.waited + (open.waitsSince === null ? 0 : Math.max(0, now - open.waitsSince));
}

/** A sentence for the end of a run: the server's own words, or the page's for a run that went well. */
export function outcomeMessage(report: RunReport): string {
  const { wall_ms, prompt_ms } = report.usage;
  if (report.error === null) return words().completedIn(duration(wall_ms), prompt_ms > 0 ? duration(prompt_ms) : null);
  return report.outcome === "failed" ? errorWords(report.error) : report.error.message;
}

function errorWords({ name, message }: RunError): string {
  return name === "Uncaught" ? words().uncaught(message) : `${name}: ${message}`;
}

function step(state: State, ...effects: Effect[]): Step {
  return { state, effects };
}

/** Starts a run. One still open is stopped first: what the visitor sees is always the newest program. */
function run(was: State, runId: string, program: Program, repl: boolean, now: number): Step {
  const before = openRun(was) ?? was.alive;
  const state = { ...was, alive: null };
  const effects: Effect[] = [];
  if (before !== null && !before.stopping) {
    effects.push({ type: "send", message: { type: "stop", run_id: before.runId } });
  }
  effects.push({ type: "begin" });
  const started = submit(state, runId, program, repl, now);
  return { state: started.state, effects: [...effects, ...started.effects] };
}

function submit(state: State, runId: string, program: Program, wantsRepl: boolean, now: number): Step {
  const { hello } = state;
  if (state.connection.at !== "open" || hello === null) {
    return step({ ...state, phase: { at: "waiting", runId, program, repl: wantsRepl } });
  }
  const repl = wantsRepl && hello.paused_ms > 0;
  const size = sizeOf(program);
  if (size > hello.source_bytes) {
    const text = words().programTooLong(bytes(size), bytes(hello.source_bytes));
    return step(
      { ...state, phase: { at: "rejected", message: text, retryAt: null } },
      { type: "announce", text },
    );
  }
  const open: Open = {
    runId,
    program,
    at: "sent",
    position: 0,
    since: now,
    stopping: false,
    nextSeq: 0,
    heardAt: now,
    questions: [],
    waited: 0,
    waitsSince: null,
    usage: null,
    place: null,
    goesOn: false,
    repl,
    nextEvaluation: 1,
    evaluating: [],
    until: null,
  };
  return step(
    { ...state, phase: open },
    { type: "send", message: request(runId, program, repl) },
  );
}

/** Bytes of a program, in UTF-8, as the server counts them. */
function sizeOf(program: Program): number {
  const encoder = new TextEncoder();
  const texts = "source" in program ? [program.source] : program.files.map((file) => file.content);
  return texts.reduce((sum, text) => sum + encoder.encode(text).length, 0);
}

function request(run_id: string, program: Program, repl: boolean): ClientMsg {
  return { type: "run", run_id, ...program, usage: true, ...(repl ? { repl } : {}) };
}

function stop(state: State): Step {
  if (state.phase.at === "waiting") return step({ ...state, phase: { at: "idle" } });
  const open = openRun(state) ?? state.alive;
  if (open === null || open.stopping) return step(state);
  return step(keep(state, { ...open, stopping: true }), { type: "send", message: { type: "stop", run_id: open.runId } });
}

/** The state with what has become of a run that runs, or that stays. */
function keep(state: State, open: Open): State {
  return state.alive?.runId === open.runId ? { ...state, alive: open } : { ...state, phase: open };
}

function evaluate(state: State, source: string, now: number): Step {
  const open = replRun(state);
  if (open === null || source.trim() === "") return step(state);
  const { runId: run_id, nextEvaluation: evaluation_id } = open;
  const next: Open = { ...open, nextEvaluation: evaluation_id + 1, evaluating: [...open.evaluating, evaluation_id], until: null, heardAt: now };
  return step(keep(state, next), { type: "input", source }, { type: "send", message: { type: "evaluate", run_id, evaluation_id, source } });
}

function answer(state: State, id: number, value: string | null, now: number): Step {
  const open = openRun(state) ?? state.alive;
  if (open?.questions.some((question) => question.id === id) !== true) return step(state);
  const left = open.questions.filter((question) => question.id !== id);
  const waits = left.length > 0 ? {} : { waited: waited(open, now), waitsSince: null };
  return step(
    keep(state, { ...open, questions: left, ...waits, heardAt: now }),
    { type: "send", message: { type: "input", run_id: open.runId, prompt_id: id, value } },
  );
}

function connection(state: State, next: Connection): Step {
  const moved = { ...state, connection: next, alive: next.at === "open" ? state.alive : null };
  const open = openRun(state);
  if (next.at === "open" || open === null) return step(moved);
  // The server has not begun it: the next one gets it.
  if (next.at === "closed" && next.restarts && open.at === "sent") {
    const { runId, program, repl } = open;
    return step({ ...moved, phase: open.stopping ? { at: "idle" } : { at: "waiting", runId, program, repl } });
  }
  return lose(moved, words().runLost);
}

function lose(state: State, text: string): Step {
  return step(
    { ...state, phase: { at: "lost", message: text } },
    { type: "notice", level: "warn", text },
    { type: "announce", text },
  );
}

/** Gives up on a run whose end is overdue: every wait has an end, also that for a server gone silent. */
function tick(was: State, now: number): Step {
  const late = was.alive?.until ?? null;
  // A server that does not say that it has let a run go has lost it.
  const state = late !== null && now > late + SILENCE_MS ? { ...was, alive: null } : was;
  const open = openRun(state);
  if (open === null || state.hello === null || open.at === "queued") return step(state);
  const { wall_ms, prompt_ms } = state.hello.limits;
  const allowed = SILENCE_MS + (open.at === "running" ? wall_ms : 0) + (open.waitsSince === null ? 0 : prompt_ms);
  if (now - open.heardAt <= allowed) return step(state);
  const lost = lose(state, words().runSilent);
  return step(lost.state, ...lost.effects, { type: "reconnect", reason: words().serverSilent });
}

function message(state: State, from: ServerMsg, now: number): Step {
  if (from.type === "hello") return hello(state, from, now);
  if (from.type === "rejected") return rejected(state, from, now);
  const open = openRun(state) ?? state.alive;
  // Whatever a run still says after the page has left it is dropped.
  if (open?.runId !== from.run_id) return step(state);
  if (state.alive !== null && from.type === "finished") return letGo(state, from);
  const heard: Open = { ...open, heardAt: now };
  switch (from.type) {
    case "queued":
      return step({ ...state, phase: { ...heard, at: "queued", position: from.position } });
    case "started":
      return step({ ...state, phase: { ...heard, at: "running", position: 0, since: now } });
    case "console":
      return events(state, heard, from.seq, from.events);
    case "prompt":
      return asked(state, heard, from, now);
    case "usage":
      return used(state, heard, from);
    case "paused":
      return paused(state, heard, from, now);
    case "evaluated": {
      const next = { ...heard, evaluating: heard.evaluating.filter((id) => id !== from.evaluation_id) };
      if (from.error !== undefined) return step(keep(state, next), { type: "error", error: from.error }, { type: "announce", text: errorWords(from.error) });
      return step(keep(state, next), { type: "result", value: from.value ?? { type: "undefined" } });
    }
    case "released": {
      const { releasedTime, releasedOthers } = words().output;
      return step(keep(state, { ...heard, stopping: true }), { type: "notice", level: "info", text: from.reason === "time" ? releasedTime : releasedOthers });
    }
    case "finished":
      return finished(state, from);
  }
}

/** From so much CPU time on, a program that has more to spend is one that may not be meant to, in milliseconds. */
const LONG_MS = 5_000;

function used(state: State, open: Open, { usage, at }: Extract<ServerMsg, { type: "usage" }>): Step {
  // A run whose program has ended may still do what is evaluated.
  const next = keep(state, { ...open, usage, place: at ?? null });
  const text = computesLong(state) === null ? computesLong(next)?.text : undefined;
  return step(next, ...(text === undefined ? [] : [{ type: "announce", text } as const]));
}

/** What to ask of whoever watches a run that computes for long; null when there is nothing to ask. */
export function computesLong(state: State): { text: string; place: StackFrame; until: number } | null {
  const open = openRun(state);
  if (open === null || open.stopping || open.goesOn || open.usage === null || open.place === null) return null;
  const { cpu_ms, limits } = open.usage;
  // Where the end is near anyway, there is no choice.
  if (cpu_ms < LONG_MS || limits.cpu_ms <= LONG_MS) return null;
  const { place } = open;
  const where = place.file === undefined ? words().line(place.line) : `${place.file}:${place.line}`;
  return { text: words().computesLong(duration(Math.floor(cpu_ms / 1000) * 1000), where), place, until: Math.min(limits.cpu_ms, limits.wall_ms) };
}

function goOn(state: State): Step {
  const open = openRun(state);
  return step(open === null ? state : { ...state, phase: { ...open, goesOn: true } });
}

/** The program has ended, and its isolate stays; or it is at rest again. */
function paused(state: State, open: Open, from: Extract<ServerMsg, { type: "paused" }>, now: number): Step {
  const alive: Open = { ...open, until: open.evaluating.length > 0 ? null : now + from.left_ms, questions: [], waitsSince: null };
  if (from.report === undefined) return step(keep(state, alive));
  const ended = finished(state, { type: "finished", run_id: from.run_id, ...from.report });
  return { ...ended, state: { ...ended.state, alive } };
}

/** A run that stayed is gone. Its program's end is known; new is only what ended the run itself. */
function letGo(state: State, from: Extract<ServerMsg, { type: "finished" }>): Step {
  const gone = { ...state, alive: null };
  if (from.outcome === "completed" || from.outcome === "failed" || from.outcome === "stopped") return step(gone);
  const text = from.error?.message ?? "";
  return step(gone, { type: "notice", level: "warn", text }, { type: "announce", text });
}

function asked(state: State, open: Open, from: Extract<ServerMsg, { type: "prompt" }>, now: number): Step {
  const question: Question = { id: from.prompt_id, kind: from.kind, message: from.message, proposal: from.default ?? "" };
  const next: Open = { ...open, questions: [...open.questions, question], waitsSince: open.waitsSince ?? now };
  return step(keep(state, next), { type: "announce", text: words().programAsks(from.message) });
}

function hello(state: State, from: Extract<ServerMsg, { type: "hello" }>, now: number): Step {
  const next = { ...state, hello: from };
  const effects: Effect[] = [];
  if (from.version !== WIRE_VERSION) {
    effects.push({
      type: "notice",
      level: "warn",
      text: words().versionsDiffer,
    });
  }
  if (state.phase.at !== "waiting") return step(next, ...effects);
  const sent = submit(next, state.phase.runId, state.phase.program, state.phase.repl, now);
  return step(sent.state, ...effects, ...sent.effects);
}

function events(state: State, open: Open, seq: number, all: ConsoleEvent[]): Step {
  const effects: Effect[] = [];
  if (seq > open.nextSeq) {
    effects.push({ type: "notice", level: "warn", text: words().linesMissing(seq - open.nextSeq, count(seq - open.nextSeq)) });
  }
  // Events that came before are not shown twice.
  const fresh = all.slice(Math.max(0, open.nextSeq - seq));
  if (fresh.length > 0) effects.push({ type: "events", events: fresh, late: state.alive !== null });
  const nextSeq = Math.max(open.nextSeq, seq + all.length);
  return step(keep(state, { ...open, nextSeq }), ...effects);
}

function finished(state: State, from: Extract<ServerMsg, { type: "finished" }>): Step {
  const { outcome, value, returned, error, stopped_at, usage, dropped } = from;
  const report: RunReport = { outcome, value, returned, error, stopped_at, usage, dropped };
  const text = outcomeMessage(report);
  const effects: Effect[] = [];
  if (dropped.events > 0) {
    effects.push({
      type: "notice",
      level: "warn",
      text: words().linesCut(dropped.events, count(dropped.events), bytes(dropped.bytes)),
    });
  }
  if (value !== null) effects.push({ type: "result", value });
  if (outcome === "failed" && error !== null) effects.push({ type: "error", error });
  const frame = stopped_at ?? error?.stack[0];
  if (frame !== undefined) {
    effects.push({ type: "mark", kind: outcome === "failed" ? "error" : "stopped", frame, message: text });
  }
  effects.push({ type: "announce", text });
  return step({ ...state, phase: { at: "finished", report } }, ...effects);
}

function recorded(state: State, all: ConsoleEvent[] | null, report: RunReport): Step {
  // The visitor's own run counts more.
  if (openRun(state) !== null || state.phase.at === "waiting") return step(state);
  const ended = finished(state, { type: "finished", run_id: "", ...report });
  if (all === null) return ended;
  return step(ended.state, { type: "begin" }, { type: "events", events: all, late: false }, ...ended.effects);
}

function rejected(state: State, from: Extract<ServerMsg, { type: "rejected" }>, now: number): Step {
  const open = openRun(state);
  const ours = open !== null && (from.run_id === undefined || from.run_id === open.runId);
  if (!ours && from.run_id !== undefined) return step(state);
  // A run that was accepted lives on, unless it lost its turn in the queue; only the frame that followed it was turned
  // down.
  const isLost = open?.at === "sent" || (open?.at === "queued" && from.run_id !== undefined && from.reason === "busy");
  if (!isLost) return step(state, { type: "notice", level: "warn", text: from.message });
  const retryAt = from.retry_after_ms === undefined ? null : now + from.retry_after_ms;
  return step(
    { ...state, phase: { at: "rejected", message: from.message, retryAt } },
    { type: "announce", text: from.message },
  );
}

/** What a run may use, as last told by the server. */
export function limitsOf(state: State): Limits | null {
  if (state.phase.at === "finished") return state.phase.report.usage.limits;
  return openRun(state)?.usage?.limits ?? state.hello?.limits ?? null;
}

/** What the run has used, as far as that is known. The time goes on by the page's clock, the rest when the server tells. */
export function usedSoFar(state: State, now: number): Partial<Usage> | null {
  const { phase } = state;
  if (phase.at === "finished") return phase.report.usage;
  if (phase.at !== "running") return null;
  return { ...phase.usage, wall_ms: Math.max(0, now - phase.since - waited(phase, now)) };
}
