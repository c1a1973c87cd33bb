// Puts the page together: the reducer in the middle, everything else around it.

import type { Command } from "./commands.ts";
import { takeEarly } from "./adopt.ts";
import { AutoRun } from "./auto-run.ts";
import { Asks } from "./console/asks.ts";
import { ConsolePanel } from "./console/panel.ts";
import { ReplLine } from "./console/repl.ts";
import { ConsoleTools } from "./console/tools.ts";
import { byId } from "./dom.ts";
import { Draft } from "./draft.ts";
import { firstProgram } from "./examples.ts";
import { freeName, parse, serialise } from "./files.ts";
import { RunHistory, type PastRun } from "./history.ts";
import { InputsStore, runAs, typed, type RunAs } from "./inputs.ts";
import { InputsToggle } from "./inputs-toggle.ts";
import { languageChoice, languageOf } from "./language.ts";
import { galleryMenu } from "./menu.ts";
import { keepForOffline } from "./offline.ts";
import { INITIAL, openRun, questions, replRun, update, type Action, type Effect, type Program } from "./run.ts";
import { RunBar } from "./runbar.ts";
import { SettingsStore } from "./settings.ts";
import { filesOf, sharedFiles } from "./share/files.ts";
import { openedSnippet, SharingOnPage } from "./share/page.ts";
import { Socket } from "./socket.ts";
import { translatePage, useLocale, words } from "./strings/words.ts";
import { themeChoice } from "./theme-choice.ts";
import { uuid } from "./uuid.ts";
import { followViewport } from "./viewport.ts";
import { isFirstVisit, welcome } from "./welcome.ts";
import { Workbench, draftOf, programOf, selectionOf } from "./workbench.ts";
import { Workspace } from "./workspace.ts";

/** How often times on the page are brought up to date, in milliseconds. */
const TICK_MS = 100;

const settings = new SettingsStore();
await useLocale(settings.now.locale);
translatePage(document);

const saved = byId("saved", HTMLElement);
const snippet = openedSnippet();
const draft = new Draft({
  // What is typed into a shared program is no draft of the visitor's own.
  ...(snippet === null ? {} : { name: `${snippet.id}@${snippet.version}` }),
  onSaved: (ok) => {
    saved.textContent = ok ? words().draftKept : words().draftNotKept;
  },
});
const kept = draft.load() ?? (snippet === null ? firstProgram() : serialise(filesOf(snippet), typed(snippet.as)));
const inputs = new InputsStore(parse(kept).inputs);
const early = await takeEarly();
const editor = new Workspace(byId("editor", HTMLElement), kept, {
  onChange: edited,
  onRun: run,
  onFiles: () => {
    bench.show();
    showLanguage(editor.active);
  },
  onEscape: () => {
    bench.escaped();
  },
});
function edited(): void {
  draft.changed(() => draftOf(editor, inputs.now));
  autoRun.edited();
}

const autoRun = new AutoRun({
  wanted: () => settings.now.autoRun,
  program: () => serialise({ ...editor.files(), active: "" }, inputs.now),
  disturbs: () => questions(state).length > 0,
  run,
});

if (early !== null) editor.adopt(early);
// Where measurements find it.
performance.mark("mayfly.editor");
inputs.onChange(edited);
const inputsToggle = new InputsToggle(inputs);
const showLanguage = languageChoice(byId("language", HTMLSelectElement), (end) => {
  const others = editor.names().filter((name) => name !== editor.active);
  editor.rename(editor.active, freeName(others, editor.active.replace(/\.[^.]*$/, "") + end));
});
showLanguage(editor.active);
const jump = (place: { line: number; column: number; file?: string }) => {
  editor.jump(place);
};
const output = new ConsolePanel(
  {
    scroller: byId("console", HTMLElement),
    list: byId("rows", HTMLElement),
    earlier: byId("earlier", HTMLElement),
    latest: byId("latest", HTMLButtonElement),
    empty: byId("empty", HTMLElement),
  },
  jump,
);
const announce = (text: string) => {
  live.textContent = text;
};
const tools = new ConsoleTools(byId("console-tools", HTMLElement), output, byId("console", HTMLElement), settings, announce);
const repl = new ReplLine(
  byId("repl", HTMLFormElement),
  (source) => {
    dispatch({ type: "evaluate", source, now: Date.now() });
  },
  () => {
    dispatch({ type: "stop" });
  },
);
const asks = new Asks(byId("asks", HTMLElement), (id, value) => {
  dispatch({ type: "answer", id, value, now: Date.now() });
});
const bar = new RunBar(
  {
    run: byId("run", HTMLButtonElement),
    stop: byId("stop", HTMLButtonElement),
    badge: byId("badge", HTMLElement),
    message: byId("message", HTMLElement),
    retry: byId("retry", HTMLButtonElement),
    meters: byId("meters", HTMLElement),
    long: byId("long", HTMLElement),
    onGoOn: () => {
      dispatch({ type: "go_on" });
    },
    connection: byId("connection", HTMLButtonElement),
    connectionText: byId("connection-text", HTMLElement),
  },
  jump,
);
const live = byId("live", HTMLElement);
const empty = byId("empty", HTMLElement);
const invitation = empty.textContent;

const past = new RunHistory();
const historyButton = byId("history", HTMLButtonElement);

let state = INITIAL;
let ticking: ReturnType<typeof setInterval> | undefined;

const socket = new Socket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/api/v1/ws`, {
  onConnection: (connection) => {
    dispatch({ type: "connection", connection });
  },
  onMessage: (message) => {
    const isEnd = message.type === "finished" || (message.type === "paused" && message.report !== undefined);
    const ends = isEnd && message.run_id === openRun(state)?.runId;
    dispatch({ type: "message", message, now: Date.now() });
    if (ends && state.phase.at === "finished") {
      sharing.end(state.phase.report);
      past.end(state.phase.report, Date.now());
      historyButton.hidden = false;
    }
  },
  onUnreadable: () => {
    dispatch({ type: "unreadable" });
  },
});

const sharing = new SharingOnPage(
  {
    files: () => sharedFiles(editor.files(), editor.entry),
    language: () => languageOf(editor.entry) ?? "javascript",
    as: () => {
      const as = runAs(inputs.now);
      if (!("trouble" in as)) return as;
      void inputsToggle.showTrouble();
      return null;
    },
    engine: () => state.hello?.engine ?? "",
    announce: (text) => {
      live.textContent = text;
    },
    isRunning: () => openRun(state) !== null,
    clear: () => {
      output.clear();
    },
    print: (events) => {
      output.events(events);
    },
    show: (events, report) => {
      dispatch({ type: "recorded", events, report });
    },
  },
  byId("share", HTMLButtonElement),
  snippet,
);

function run(): void {
  begin(programOf);
}

function runSelection(): void {
  begin(selectionOf);
}

/** Runs what `of` makes of the editor, if that is something. */
function begin(of: (editor: Workspace, as: RunAs) => Program | null): void {
  draft.flush();
  const as = runAs(inputs.now);
  if ("trouble" in as) {
    live.textContent = words().inputWrong;
    void inputsToggle.showTrouble();
    return;
  }
  const program = of(editor, as);
  if (program === null) {
    live.textContent = words().nothingSelected;
    return;
  }
  sharing.begin(of === programOf);
  past.begin(draftOf(editor, inputs.now));
  autoRun.began();
  dispatch({ type: "run", runId: uuid(), program, repl: true, now: Date.now() });
}

function dispatch(action: Action): void {
  const step = update(state, action);
  state = step.state;
  for (const effect of step.effects) perform(effect);
  asks.show(questions(state));
  repl.show(replRun(state), state.phase.at === "finished");
  bar.show(state, Date.now());
  empty.textContent = state.phase.at === "finished" ? words().nothingPrinted : invitation;
  tickWhileNeeded();
}

function perform(effect: Effect): void {
  switch (effect.type) {
    case "send":
      socket.send(effect.message);
      break;
    case "begin":
      output.begin();
      editor.begin();
      bench.fail(null);
      break;
    case "events":
      output.events(effect.events);
      if (!effect.late) {
        sharing.events(effect.events);
        past.events(effect.events);
      }
      break;
    case "input":
      output.input(effect.source);
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
      editor.mark({ ...effect.frame, kind: effect.kind, message: effect.message });
      bench.fail(effect.frame.file ?? editor.entry);
      break;
    case "announce":
      live.textContent = effect.text;
      break;
    case "reconnect":
      socket.reconnect(effect.reason);
      break;
  }
}

/** Times tick while a run is open, a retry is due or the connection is down; a page at rest does nothing. */
function tickWhileNeeded(): void {
  const needed =
    openRun(state) !== null || state.alive !== null || state.connection.at === "closed" || (state.phase.at === "rejected" && state.phase.retryAt !== null);
  if (needed && ticking === undefined) {
    ticking = setInterval(() => {
      dispatch({ type: "tick", now: Date.now() });
    }, TICK_MS);
  } else if (!needed) {
    clearInterval(ticking);
    ticking = undefined;
  }
}

byId("run", HTMLButtonElement).addEventListener("click", run);
byId("retry", HTMLButtonElement).addEventListener("click", run);
byId("stop", HTMLButtonElement).addEventListener("click", () => {
  dispatch({ type: "stop" });
});
async function showHistory(): Promise<void> {
  const { openHistory } = await import("./history-dialog.ts");
  openHistory(past.runs, goBack);
}

/** Shows a run of before as the newest, with the program that it was of. */
function goBack(run: PastRun): void {
  if (openRun(state) !== null) dispatch({ type: "stop" });
  if (run.program !== draftOf(editor, inputs.now)) bench.load(run.program, words().wentBack(run.number));
  dispatch({ type: "recorded", events: run.events, report: run.report });
}

historyButton.addEventListener("click", () => void showHistory());
byId("clear", HTMLButtonElement).addEventListener("click", () => {
  output.clear();
});
byId("connection", HTMLButtonElement).addEventListener("click", () => {
  socket.retryNow();
});
byId("skip", HTMLAnchorElement).addEventListener("click", (event) => {
  event.preventDefault();
  editor.focus();
});
addEventListener("online", () => {
  socket.retryNow();
});
addEventListener("pagehide", () => {
  draft.flush();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") draft.flush();
  else socket.retryNow();
});
const gallery = byId("examples-menu", HTMLElement);
galleryMenu(
  byId("examples", HTMLButtonElement),
  gallery,
  async () => {
    const { fillGallery } = await import("./gallery.ts");
    await fillGallery(gallery, (document.body.dataset["offers"] ?? "").split(" "), (program, name) => {
      bench.load(program, name);
    });
  },
  async () => {
    const { emptyGallery } = await import("./gallery.ts");
    emptyGallery(gallery);
  },
);
themeChoice(byId("theme", HTMLButtonElement));
const press = (id: string) => () => {
  byId(id, HTMLButtonElement).click();
};
const bench = new Workbench({
  editor,
  settings,
  inputs,
  announce: (text) => {
    live.textContent = text;
  },
  commands: (): Command[] => [
    { id: "run", title: words().runProgram, keys: ["Mod-Enter"], run },
    { id: "selection", title: words().runSelection, keys: ["Mod-Shift-Enter"], run: runSelection },
    { id: "history", title: words().history, run: () => void showHistory() },
    { id: "stop", title: words().stopProgram, run: press("stop") },
    { id: "clear", title: words().clearConsole, run: press("clear") },
    {
      id: "editor",
      title: words().focusEditor,
      run: () => {
        editor.focus();
      },
    },
    {
      id: "console",
      title: words().focusConsole,
      run: () => {
        byId("console", HTMLElement).focus();
      },
    },
    {
      id: "inputs",
      title: words().inputs,
      run: () => void inputsToggle.open(),
    },
    ...tools.commands(),
    { id: "examples", title: words().showExamples, run: press("examples") },
    { id: "theme", title: words().changeTheme, run: press("theme") },
  ],
});
followViewport();
keepForOffline();
bar.show(state, Date.now());
const isFirst = snippet === null && isFirstVisit();
if (isFirst) welcome();
// What is being typed is not run before somebody wants it.
if (early?.runs === true || (isFirst && draft.load() === null && (early === null || early.text === early.before))) run();
sharing.showSnippet(byId("program-title", HTMLElement), byId("recorded", HTMLElement));
