// Puts the page together: the reducer in the middle, everything else around it.

import { Asks } from "./console/asks.ts";
import { ConsolePanel } from "./console/panel.ts";
import { byId } from "./dom.ts";
import { Draft } from "./draft.ts";
import { Editor } from "./editor.ts";
import { EXAMPLES } from "./examples.ts";
import { languageChoice } from "./language.ts";
import { exampleMenu } from "./menu.ts";
import { INITIAL, openRun, questions, update, type Action, type Effect } from "./run.ts";
import { RunBar } from "./runbar.ts";
import { openedSnippet, SharingOnPage } from "./share/page.ts";
import { Socket } from "./socket.ts";
import { themeChoice } from "./theme-choice.ts";
import { uuid } from "./uuid.ts";
import { followViewport } from "./viewport.ts";

/** How often times on the page are brought up to date, in milliseconds. */
const TICK_MS = 100;

const saved = byId("saved", HTMLElement);
const snippet = openedSnippet();
const draft = new Draft({
  // What is typed into a shared program is no draft of the visitor's own.
  ...(snippet === null ? {} : { name: `${snippet.id}@${snippet.version}` }),
  onSaved: (ok) => {
    saved.textContent = ok ? "Draft kept in this browser" : "This browser keeps no draft: copy what you need";
  },
});
const editor = new Editor(byId("editor", HTMLElement), draft.load() ?? snippet?.files[0]?.content ?? EXAMPLES[0].source, {
  onChange: () => {
    draft.changed(() => editor.text());
  },
  onRun: run,
});
const language = languageChoice(byId("language", HTMLSelectElement), (chosen) => {
  editor.speak(chosen);
}, snippet?.language);
const jump = (place: { line: number; column: number }) => {
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
    connection: byId("connection", HTMLButtonElement),
    connectionText: byId("connection-text", HTMLElement),
  },
  jump,
);
const live = byId("live", HTMLElement);
const empty = byId("empty", HTMLElement);
const invitation = empty.textContent;

let state = INITIAL;
let ticking: ReturnType<typeof setInterval> | undefined;

const socket = new Socket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/api/v1/ws`, {
  onConnection: (connection) => {
    dispatch({ type: "connection", connection });
  },
  onMessage: (message) => {
    const ends = message.type === "finished" && message.run_id === openRun(state)?.runId;
    dispatch({ type: "message", message, now: Date.now() });
    if (ends && state.phase.at === "finished") sharing.end(state.phase.report);
  },
  onUnreadable: () => {
    dispatch({ type: "unreadable" });
  },
});

const sharing = new SharingOnPage(
  {
    source: () => editor.text(),
    language,
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
  draft.flush();
  sharing.begin();
  dispatch({ type: "run", runId: uuid(), source: editor.text(), language: language(), now: Date.now() });
}

function dispatch(action: Action): void {
  const step = update(state, action);
  state = step.state;
  for (const effect of step.effects) perform(effect);
  asks.show(questions(state));
  bar.show(state, Date.now());
  empty.textContent = state.phase.at === "finished" ? "Nothing was printed." : invitation;
  tickWhileNeeded();
}

function perform(effect: Effect): void {
  switch (effect.type) {
    case "send":
      socket.send(sharing.request(effect.message));
      break;
    case "begin":
      output.clear();
      editor.begin();
      break;
    case "events":
      output.events(effect.events);
      sharing.events(effect.events);
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
      editor.mark({ kind: effect.kind, line: effect.frame.line, column: effect.frame.column, message: effect.message });
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
    openRun(state) !== null || state.connection.at === "closed" || (state.phase.at === "rejected" && state.phase.retryAt !== null);
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
document.addEventListener("keydown", (event) => {
  // In the editor CodeMirror has seen it already.
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
  event.preventDefault();
  run();
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
exampleMenu(byId("examples", HTMLButtonElement), byId("examples-menu", HTMLElement), (example) => {
  editor.replace(example.source);
  live.textContent = `${example.name} loaded. Undo brings your program back.`;
});
themeChoice(byId("theme", HTMLButtonElement));
followViewport();
bar.show(state, Date.now());
sharing.showSnippet(byId("program-title", HTMLElement), byId("recorded", HTMLElement));
