// The frame that shows one editor on somebody's page: the page's own parts, put together without what a small
// place has no room for. What it shows and how, the element around it says; or its address does (`?snippet=…`),
// for sites that take a frame and no script. Long because everything meets here, as in web/main.ts.

import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

import { Asks } from "../console/asks.ts";
import { inlineText } from "../console/children.ts";
import { ConsolePanel } from "../console/panel.ts";
import { byId, el } from "../dom.ts";
import { Editor } from "../editor.ts";
import { codeHeight, frameHeight } from "../embed/height.ts";
import { ATTRIBUTES, MAX_LINES, type ConsoleLine, type Program, type Result, type ToFrame } from "../embed/messages.ts";
import type { ConsoleEvent, RunReport } from "../protocol.ts";
import { INITIAL, openRun, outcomeMessage, questions, update, type Action, type Effect, type State } from "../run.ts";
import { RunBar } from "../runbar.ts";
import { fetchSnippet } from "../share/api.ts";
import { Socket } from "../socket.ts";
import { translatePage, useLocale, words } from "../strings/words.ts";
import { uuid } from "../uuid.ts";
import { Channel } from "./channel.ts";
import { Files } from "./files.ts";
import { applyLook } from "./look.ts";
import { pagesAround } from "./origins.ts";
import { readOptions, type Options } from "./options.ts";
import { Composed, Gate } from "./parts.ts";
import { Recorded } from "./recorded.ts";
import { Tabs } from "./tabs.ts";

/** How often times are brought up to date while a program runs, in milliseconds. */
const TICK_MS = 100;

/** How long a frame in sight may take to be drawn, in milliseconds. */
const DRAWN_MS = 100;

// Whoever reads it, not the page around it, says in which language.
await useLocale("auto");
translatePage(document);

let options: Options = readOptions({}).options;
let program: Program = { files: [{ name: "", content: "" }], setup: "", check: "", input: "" };
let before = "";
let state: State = INITIAL;
let composed = new Composed("", { before: "", setup: "", check: "" });
let gate = new Gate(composed);
let socket: Socket | null = null;
let ticking: ReturnType<typeof setInterval> | undefined;
let height = 0;
let hasProgram = false;
let isReady = false;

const body = document.body;
const live = byId("live", HTMLElement);
const empty = byId("empty", HTMLElement);
const reset = byId("reset", HTMLButtonElement);
const fold = byId("fold", HTMLButtonElement);

const editor = new Editor(byId("editor", HTMLElement), "", { onChange: changed, onRun: run });
const files = new Files(editor);
const tabs = new Tabs(byId("tabs", HTMLElement), (name) => {
  files.open(name);
  showTabs();
  fit();
});
const jump = (place: { line: number; column: number; file?: string }) => {
  const name = place.file ?? files.names[0] ?? "";
  // What has no tab is not for the visitor to see.
  if (name !== files.current) {
    if (!tabNames().includes(name)) return;
    files.open(name);
    showTabs();
    fit();
  }
  editor.jump(place);
};
const output = new ConsolePanel(
  {
    scroller: byId("console", HTMLElement),
    list: byId("rows", HTMLElement),
    earlier: byId("earlier", HTMLElement),
    latest: byId("latest", HTMLButtonElement),
    empty,
  },
  jump,
);
const bar = new RunBar(
  {
    run: byId("run", HTMLButtonElement),
    stop: byId("stop", HTMLButtonElement),
    badge: byId("badge", HTMLElement),
    message: byId("message", HTMLElement),
    retry: byId("retry", HTMLButtonElement),
    // There is no room for these.
    meters: el("div"),
    connection: byId("connection", HTMLButtonElement),
    connectionText: byId("connection-text", HTMLElement),
  },
  jump,
);

const asks = new Asks(byId("asks", HTMLElement), (id, value) => {
  dispatch({ type: "answer", id, value, now: Date.now() });
});

const recorded = new Recorded(byId("recorded", HTMLElement), {
  isRunning: () => openRun(state) !== null,
  announce: (text) => {
    live.textContent = text;
  },
  clear: () => {
    output.clear();
  },
  print: (events) => {
    output.events(events);
  },
  end: (report) => {
    dispatch({ type: "recorded", events: null, report });
  },
});

// Where there is an element around, it says what to show.
const alone = new URLSearchParams(location.search);
const channel = parent === window || alone.has("snippet") ? null : new Channel(hear);
const known: Record<string, string> = {};

function hear(message: ToFrame): void {
  switch (message.type) {
    case "set":
      set(message.attributes);
      break;
    case "look":
      applyLook(document.documentElement, message.look);
      drawn(fit);
      break;
    case "program":
      begin(message.program);
      break;
    case "before":
      before = message.code;
      break;
    case "source":
      files.replace(message.file);
      break;
    case "run":
      run();
      break;
    case "stop":
      dispatch({ type: "stop" });
      break;
  }
}

function set(attributes: Record<string, string>): void {
  const read = readOptions(attributes);
  options = read.options;
  for (const problem of read.problems) {
    if (known[problem] === undefined) output.notice("warn", problem);
    known[problem] = "said";
  }
  const { hide } = options;
  const shown = { bar: "bar", stop: "stop", reset: "reset", status: "status", clear: "clear", brand: "brand" } as const;
  for (const [part, id] of Object.entries(shown)) {
    const element = byId(id, HTMLElement);
    if (part === "reset") element.hidden = hide.has("reset") || options.readonly || !files.edited;
    else element.hidden = hide.has(part as keyof typeof shown);
  }
  byId("run-label", HTMLElement).textContent = options.runLabel || words().run;
  body.dataset["height"] = options.auto ? "auto" : "given";
  foldConsole(options.console);
  const label = options.label === "" ? words().editor : options.label;
  document.title = label;
  byId("title", HTMLElement).textContent = label;
  editor.speak(options.language);
  editor.configure([
    EditorState.readOnly.of(options.readonly),
    hide.has("lines") ? EditorView.theme({ ".cm-gutters": { display: "none" }, ".cm-line": { paddingLeft: "var(--s4)" } }) : [],
    EditorView.updateListener.of((change) => {
      if (change.geometryChanged) fit();
    }),
  ]);
  showTabs();
  fit();
}

function foldConsole(to: "open" | "closed" | "only"): void {
  body.dataset["console"] = to;
  fold.setAttribute("aria-expanded", String(to !== "closed"));
  fit();
}

function begin(from: Program): void {
  program = from;
  files.begin(from.files);
  showTabs();
  if (options.snippet === null) ready();
  else void load(options.snippet);
}

/** Gets a stored program, and shows why if that can't be had. */
async function load(id: string): Promise<void> {
  const found = await fetchSnippet(id);
  if ("problem" in found) {
    output.notice("error", found.problem);
  } else {
    const { snippet } = found;
    program = { ...program, files: snippet.files, input: snippet.as.input === undefined ? program.input : JSON.stringify(snippet.as.input) };
    options = { ...options, language: snippet.language, mode: snippet.as.mode };
    editor.speak(snippet.language);
    files.begin(snippet.files);
    for (const file of snippet.files) channel?.send({ type: "source", file });
    const brand = byId("brand", HTMLAnchorElement);
    brand.href = `/s/${id}`;
    if (snippet.title !== "" && options.label === "") byId("title", HTMLElement).textContent = snippet.title;
    showTabs();
    // With code around it, it is another program than the one that was recorded.
    const alone = [before, program.setup, program.check].every((code) => code.trim() === "");
    recorded.show(alone ? snippet.output : null, snippet.files);
  }
  ready();
}

function ready(): void {
  hasProgram = true;
  fit();
  if (isReady) return;
  isReady = true;
  // What is drawn by then is what replaces the text on the page around.
  drawn(() => {
    fit();
    channel?.send({ type: "ready" });
    if (options.autorun === "load") run();
    if (options.autorun === "visible") runWhenVisible();
  });
}

/** Does `act` once what is there has been drawn. A frame out of sight is not drawn at all, so that has an end. */
function drawn(act: () => void): void {
  let done = false;
  const once = () => {
    if (!done) act();
    done = true;
  };
  requestAnimationFrame(once);
  setTimeout(once, DRAWN_MS);
}

function runWhenVisible(): void {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      run();
    },
    { threshold: 0.5 },
  );
  observer.observe(byId(options.hide.has("bar") ? "console-box" : "bar", HTMLElement));
}

/** The files that have a tab. */
function tabNames(): string[] {
  const shown = options.files.filter((name) => files.names.includes(name));
  return shown.length > 0 ? shown : files.names;
}

function showTabs(): void {
  tabs.show(tabNames(), files.current);
}

/** Tells the element how high the frame would like to be. */
function fit(): void {
  if (!options.auto || !hasProgram) return;
  const code = codeHeight(editor.contentHeight, innerWidth);
  const kind = body.dataset["console"];
  const px = frameHeight(code, {
    console: kind === "closed" || kind === "only" ? kind : "open",
    bar: !options.hide.has("bar"),
    tabs: !byId("tabs", HTMLElement).hidden,
  });
  if (px === height) return;
  height = px;
  channel?.send({ type: "height", px });
}

function changed(): void {
  reset.hidden = options.hide.has("reset") || options.readonly || !files.edited;
  // At once: a visitor may press Run in an editor that builds on this one.
  const name = files.current;
  channel?.send({ type: "source", file: { name, content: files.text(name) } });
}

function run(): void {
  connect();
  const all = files.all();
  const main = all[0] ?? { name: "", content: "" };
  composed = new Composed(main.content, { before, setup: program.setup, check: program.check });
  gate = new Gate(composed);
  recorded.begin(composed.alone ? all : null);
  if (options.console === "closed") foldConsole("open");
  channel?.send({ type: "run" });
  dispatch({ type: "run", runId: uuid(), program: { source: composed.text, language: options.language, mode: options.mode }, now: Date.now() });
}

/** Connects when the visitor shows interest: a page may have many frames, of which few are used. */
function connect(): void {
  if (socket !== null) return;
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const query = new URLSearchParams();
  // Whose page this is: the operator may have rules for it.
  for (const origin of pagesAround(channel?.origin ?? null)) query.append("embedder", origin);
  if (options.modules !== null) query.set("modules", options.modules.join(","));
  const asks = query.size === 0 ? "" : `?${query.toString()}`;
  socket = new Socket(`${scheme}//${location.host}/api/v1/ws${asks}`, {
    onConnection: (connection) => {
      dispatch({ type: "connection", connection });
    },
    onMessage: (message) => {
      if (message.type === "finished" && message.run_id === openRun(state)?.runId) {
        show(gate.end());
        const failed = composed.failed(message);
        const report = composed.report(message);
        recorded.end(message);
        dispatch({ type: "message", message: { ...message, ...report }, now: Date.now() });
        channel?.send({ type: "result", result: resultOf(report, failed ?? "") });
        return;
      }
      dispatch({ type: "message", message, now: Date.now() });
    },
    onUnreadable: () => {
      dispatch({ type: "unreadable" });
    },
  });
}

function resultOf(report: RunReport, part: string): Result {
  const { outcome, value, usage } = report;
  const place = report.stopped_at ?? report.error?.stack[0];
  return {
    outcome,
    part,
    message: outcomeMessage(report),
    value: value === null ? null : value.type === "string" ? value.value : inlineText(value),
    line: place?.line ?? 0,
    column: place?.column ?? 0,
    wall_ms: usage.wall_ms,
    cpu_ms: usage.cpu_ms,
  };
}

function dispatch(action: Action): void {
  const was = state.phase;
  const step = update(state, action);
  state = step.state;
  for (const effect of step.effects) perform(effect);
  asks.show(questions(state));
  bar.show(state, Date.now());
  const message = byId("message", HTMLElement);
  // One line has to do; the whole is a hover away, and in the console.
  message.title = message.textContent;
  if (state.phase.at === "idle") message.textContent = "";
  empty.textContent = state.phase.at === "finished" ? words().nothingPrinted : words().frameInvitation;
  const { phase } = state;
  if (phase !== was && (phase.at === "rejected" || phase.at === "lost")) {
    const { message: text } = phase;
    channel?.send({
      type: "result",
      result: { outcome: "not_run", part: "", message: text, value: null, line: 0, column: 0, wall_ms: 0, cpu_ms: 0 },
    });
  }
  tickWhileNeeded();
}

function perform(effect: Effect): void {
  switch (effect.type) {
    case "send":
      socket?.send(effect.message.type === "run" ? request(effect.message) : effect.message);
      break;
    case "begin":
      output.clear();
      files.run();
      break;
    case "events":
      recorded.events(effect.events);
      show(gate.pass(effect.events));
      break;
    case "input":
      break;
    case "result":
      output.result(effect.value);
      break;
    case "error":
      output.error(effect.error);
      break;
    case "notice":
      output.notice(effect.level, effect.text);
      break;
    case "mark":
      files.mark({ kind: effect.kind, line: effect.frame.line, column: effect.frame.column, message: effect.message }, effect.frame.file);
      break;
    case "announce":
      live.textContent = effect.text;
      break;
    case "reconnect":
      socket?.reconnect(effect.reason);
      break;
  }
}

type RunMessage = Extract<Extract<Effect, { type: "send" }>["message"], { type: "run" }>;

/** The run as the element wants it. */
function request(message: RunMessage): RunMessage {
  const made: RunMessage = { ...message, mode: options.mode };
  if (program.input.trim() !== "") {
    try {
      made.input = JSON.parse(program.input) as unknown;
    } catch {
      output.notice("warn", words().inputDropped);
    }
  }
  const all = files.all();
  if (all.length > 1 || (all[0]?.name ?? "") !== "") {
    const { source, ...rest } = made;
    const sent = all.map((file, at) => (at === 0 ? { ...file, content: source ?? "" } : file));
    return { ...rest, files: sent, entry: all[0]?.name ?? "" };
  }
  return made;
}

function show(events: ConsoleEvent[]): void {
  if (events.length === 0) return;
  output.events(events);
  const lines = events.map(
    ({ level, text, line, column, at_ms }): ConsoleLine => ({ level, text, line, column, at_ms }),
  );
  for (let at = 0; at < lines.length; at += MAX_LINES) channel?.send({ type: "console", lines: lines.slice(at, at + MAX_LINES) });
}

/** Times tick while a run is open, a retry is due or the connection is down; a page at rest does nothing. */
function tickWhileNeeded(): void {
  const waits = state.phase.at === "rejected" && state.phase.retryAt !== null;
  const needed = openRun(state) !== null || state.connection.at === "closed" || waits;
  if (needed) {
    ticking ??= setInterval(() => {
      dispatch({ type: "tick", now: Date.now() });
    }, TICK_MS);
  } else {
    clearInterval(ticking);
    ticking = undefined;
  }
}

byId("run", HTMLButtonElement).addEventListener("click", run);
byId("retry", HTMLButtonElement).addEventListener("click", run);
byId("stop", HTMLButtonElement).addEventListener("click", () => {
  dispatch({ type: "stop" });
});
byId("clear", HTMLButtonElement).addEventListener("click", () => {
  output.clear();
});
byId("connection", HTMLButtonElement).addEventListener("click", () => {
  socket?.retryNow();
});
reset.addEventListener("click", () => {
  files.reset();
  byId("run", HTMLButtonElement).focus();
  live.textContent = words().asItWas;
});
fold.addEventListener("click", () => {
  foldConsole(body.dataset["console"] === "closed" ? "open" : "closed");
});
addEventListener("resize", fit);
document.addEventListener("keydown", (event) => {
  // In the editor CodeMirror has seen it already.
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
  event.preventDefault();
  run();
});
for (const interest of ["pointerdown", "keydown"]) addEventListener(interest, connect, { once: true, capture: true });

bar.show(state, Date.now());
byId("message", HTMLElement).textContent = "";
if (alone.has("snippet")) {
  set(Object.fromEntries([...alone].filter(([name]) => ATTRIBUTES.includes(name)).concat([["height", "100%"]])));
  applyLook(document.documentElement, { theme: alone.get("theme") ?? "auto", tokens: {} });
  begin(program);
} else if (parent === window) {
  const link = el("a", "", words().howToEmbed);
  link.href = "/embed";
  body.replaceChildren(el("main", "alone", el("h1", "", words().forOtherPages), el("p", "", words().forAFrame), el("p", "", link)));
}
