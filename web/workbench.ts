// What makes the editor one for daily work: tabs, settings, commands and their keys, the divider, and what is
// loaded later on: the language service, other editors' keys, formatting, the palette.

import { redo, undo } from "@codemirror/commands";
import { foldAll, unfoldAll } from "@codemirror/language";
import { gotoLine, openSearchPanel } from "@codemirror/search";
import { EditorView } from "@codemirror/view";

import { listen, type Command } from "./commands.ts";
import { ask } from "./dialogs.ts";
import { byId } from "./dom.ts";
import { MOST_FILES, freeName, nameTrouble, parse, serialise } from "./files.ts";
import { difference, format } from "./formatter.ts";
import { isPlain, type Inputs, type InputsStore, type RunAs } from "./inputs.ts";
import type { Running } from "./language/start.ts";
import { languageOf } from "./language.ts";
import type { Program } from "./run.ts";
import { FONT_SIZES, type Settings, type SettingsStore } from "./settings.ts";
import { split } from "./split.ts";
import { words } from "./strings/words.ts";
import { Tabs } from "./tabs.ts";
import { toast } from "./toast.ts";
import type { Closed, Workspace } from "./workspace.ts";

/** How long a page must be at rest before the language service is loaded, at the latest, in milliseconds. */
const LATEST_MS = 4000;

/** What the workbench needs from the page. */
export type WorkbenchPage = {
  editor: Workspace;
  settings: SettingsStore;
  inputs: InputsStore;
  /** Tells screen readers. */
  announce: (text: string) => void;
  /** Commands of the rest of the page. */
  commands: () => Command[];
};

/** Everything around the editor. */
export class Workbench {
  readonly #editor: Workspace;
  readonly #settings: SettingsStore;
  readonly #inputs: InputsStore;
  readonly #announce: (text: string) => void;
  readonly #others: () => Command[];
  readonly #tabs: Tabs;
  readonly #closed: Closed[] = [];
  readonly #problems = byId("problems", HTMLButtonElement);
  #assist: Promise<typeof import("./language/start.ts")> | null = null;
  #running: Running | null = null;
  #shown: EditorView | null = null;
  #failed: string | null = null;
  #counted = "";

  constructor({ editor, settings, inputs, announce, commands }: WorkbenchPage) {
    this.#editor = editor;
    this.#settings = settings;
    this.#inputs = inputs;
    this.#announce = announce;
    this.#others = commands;
    this.#tabs = new Tabs(byId("tabs", HTMLElement), byId("editor", HTMLElement), {
      onOpen: (name) => {
        editor.open(name);
      },
      onClose: (name) => {
        this.#close(name);
      },
      onRename: (name) => {
        void this.#rename(name);
      },
      onMove: (name, to) => {
        editor.move(name, to);
      },
    });
    byId("add-file", HTMLButtonElement).addEventListener("click", () => void this.#add());
    byId("commands", HTMLButtonElement).addEventListener("click", () => void this.#palette());
    byId("shortcuts", HTMLButtonElement).addEventListener("click", () => void this.#shortcuts());
    this.#problems.addEventListener("click", () => void this.#showProblems());
    this.#settingsPanel(byId("settings", HTMLButtonElement), byId("settings-panel", HTMLElement));
    split(byId("panes", HTMLElement), byId("divider", HTMLElement), settings);
    settings.onChange((now, before) => {
      this.#apply(now, before);
    });
    this.#apply(settings.now, null);
    listen(() => this.#commands());
    this.show();
    this.#assistWhenIdle();
  }

  /** Shows the files as they are. */
  show(): void {
    const { active, entry, view } = this.#editor;
    if (view !== this.#shown) {
      // What was typed in other files meanwhile may matter here.
      if (this.#running !== null) this.#running.lookAgain(view);
      this.#shown = view;
    }
    this.#tabs.show({ names: this.#editor.names(), active, entry, failed: this.#failed });
  }

  /** A place in a file stopped the last run; null when none did. */
  fail(name: string | null): void {
    this.#failed = name;
    this.show();
  }

  /** Replaces the program and how it is run, and offers to bring both back. */
  load(text: string, name: string): void {
    const [before, inputs] = [this.#editor.files(), this.#inputs.now];
    const next = parse(text);
    this.#editor.replace(next);
    this.#inputs.set(next.inputs);
    const [old] = before.files;
    if (before.files.length === 1 && next.files.length === 1 && old?.name === next.files[0]?.name && isPlain(inputs)) {
      this.#announce(words().loadedUndo(name));
      return;
    }
    toast(words().loadedInstead(name, before.files.length), words().undo, () => {
      this.#editor.load(before);
      this.#inputs.set(inputs);
    });
  }

  /** The next Tab leaves the editor. */
  escaped(): void {
    // Vim's users press Escape all the time.
    if (this.#settings.now.keys !== "vim") this.#announce(words().tabLeaves);
  }

  #commands(): Command[] {
    const editor = this.#editor;
    const { view } = editor;
    const text = words();
    const names = editor.names();
    const at = names.indexOf(editor.active);
    const several = names.length > 1;
    const next = (by: number) => () => {
      editor.open(names[(at + by + names.length) % names.length] ?? "");
      editor.focus();
    };
    const inEditor = (run: (view: EditorView) => unknown) => () => {
      editor.focus();
      run(view);
    };
    const set = (some: Partial<Settings>) => () => {
      this.#settings.set(some);
    };
    const now = this.#settings.now;
    const size = now.fontSize ?? (Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--code-size")) || 14);
    const resize = (by: number) => set({ fontSize: Math.min(Math.max(size + by, FONT_SIZES.least), FONT_SIZES.most) });
    const all: (Command | false)[] = [
      ...this.#others(),
      { id: "palette", title: text.commands, keys: ["Mod-Shift-p", "F1"], run: () => void this.#palette() },
      { id: "shortcuts", title: text.shortcuts, keys: ["?"], outside: true, run: () => void this.#shortcuts() },
      { id: "settings", title: text.settings, keys: ["Mod-,"], run: () => { byId("settings", HTMLButtonElement).click(); } },
      { id: "format", title: text.formatFile, keys: ["Shift-Alt-f"], run: () => void this.#format() },
      { id: "add", title: text.newFile, keys: ["Mod-Alt-n"], run: () => void this.#add() },
      { id: "rename", title: text.renameFile(editor.active), run: () => void this.#rename(editor.active) },
      several && { id: "close", title: text.closeFile(editor.active), keys: ["Mod-Alt-w"], run: () => { this.#close(editor.active); } },
      this.#closed.length > 0 && { id: "reopen", title: text.reopenFile, keys: ["Mod-Alt-t"], run: () => { this.#reopen(); } },
      several && { id: "next", title: text.nextFile, keys: ["Alt-PageDown"], run: next(1) },
      several && { id: "previous", title: text.previousFile, keys: ["Alt-PageUp"], run: next(-1) },
      several && at > 0 && { id: "left", title: text.moveTab(-1), run: () => { editor.move(editor.active, at - 1); } },
      several && at < names.length - 1 && { id: "right", title: text.moveTab(1), run: () => { editor.move(editor.active, at + 1); } },
      several && editor.active !== editor.entry && { id: "entry", title: text.makeEntry(editor.active), run: () => { editor.setEntry(editor.active); } },
      ...names.filter((name) => name !== editor.active).map((name) => ({ id: `open ${name}`, title: text.openFile(name), run: () => { editor.open(name); editor.focus(); } })),
      { id: "find", title: text.find, keys: ["Mod-f"], editor: true, run: inEditor(openSearchPanel) },
      { id: "line", title: text.goToLine, keys: ["Mod-Alt-g"], editor: true, run: inEditor(gotoLine) },
      { id: "definition", title: text.goToDefinition, keys: ["F12"], editor: true, run: () => void this.#withAssist((it, { page }) => it.goToDefinition(page, view, view.state.selection.main.head)) },
      { id: "renameSymbol", title: text.renameName, keys: ["F2"], editor: true, run: () => void this.#withAssist((it, { page }) => it.renameAt(page, view)) },
      { id: "problems", title: text.showProblems, keys: ["Mod-Shift-m"], editor: true, run: () => void this.#showProblems() },
      { id: "fold", title: text.foldAll, keys: ["Ctrl-Alt-["], editor: true, run: inEditor(foldAll) },
      { id: "unfold", title: text.unfoldAll, keys: ["Ctrl-Alt-]"], editor: true, run: inEditor(unfoldAll) },
      { id: "undo", title: text.undo, keys: ["Mod-z"], editor: true, run: inEditor(undo) },
      { id: "redo", title: text.redo, keys: ["Mod-y"], editor: true, run: inEditor(redo) },
      { id: "larger", title: text.larger, keys: ["Mod-Alt-+", "Mod-Alt-="], run: resize(1) },
      { id: "smaller", title: text.smaller, keys: ["Mod-Alt--"], run: resize(-1) },
      { id: "wrap", title: now.wrap ? text.wrapOff : text.wrapOn, keys: ["Alt-z"], run: set({ wrap: !now.wrap }) },
      { id: "columns", title: text.sideBySide, run: set({ split: "columns" }) },
      { id: "rows", title: text.oneAboveOther, run: set({ split: "rows" }) },
      ...(["standard", "vim", "emacs"] as const)
        .filter((keys) => keys !== now.keys)
        .map((keys) => ({ id: `keys ${keys}`, title: text.useKeys(text.settingTitles.keysNames[keys]), run: set({ keys }) })),
    ];
    return all.filter((it) => it !== false);
  }

  async #palette(): Promise<void> {
    const { openPalette } = await import("./palette.ts");
    openPalette(this.#commands());
  }

  async #shortcuts(): Promise<void> {
    const { openShortcuts } = await import("./palette.ts");
    openShortcuts(this.#commands());
  }

  #settingsPanel(opener: HTMLButtonElement, panel: HTMLElement): void {
    panel.addEventListener("beforetoggle", (event) => {
      opener.setAttribute("aria-expanded", String((event).newState === "open"));
      if ((event).newState !== "open") return;
      const place = opener.getBoundingClientRect();
      panel.style.setProperty("--top", `${place.bottom}px`);
      const rtl = getComputedStyle(opener).direction === "rtl";
      panel.style.setProperty("--end", `${Math.max(8, rtl ? place.left : document.documentElement.clientWidth - place.right)}px`);
      if (panel.childElementCount > 0) return;
      void import("./settings-panel.ts").then(({ fillSettings }) => {
        fillSettings(panel, this.#settings);
        panel.querySelector<HTMLElement>("input, select")?.focus();
      });
    });
    panel.addEventListener("toggle", () => {
      panel.querySelector<HTMLElement>("input, select")?.focus();
    });
  }

  #apply(now: Settings, before: Settings | null): void {
    const editor = this.#editor;
    const style = document.documentElement.style;
    if (now.fontSize === null) style.removeProperty("--code-size");
    else style.setProperty("--code-size", `${now.fontSize}px`);
    if (now.fontSize !== before?.fontSize) for (const view of editor.views) view.requestMeasure();
    if (now.wrap !== (before?.wrap ?? false)) editor.fill("wrap", now.wrap ? EditorView.lineWrapping : []);
    if (now.guides !== before?.guides) void this.#guides(now.guides);
    if (now.keys !== (before?.keys ?? "standard")) void this.#keys(now.keys);
    if (before !== null && now.assist !== before.assist) {
      if (now.assist) void this.#startAssist();
      else this.#stopAssist();
    }
    if (before !== null && now.locale !== before.locale) location.reload();
  }

  async #guides(wanted: boolean): Promise<void> {
    if (!wanted) {
      this.#editor.fill("guides", []);
      return;
    }
    const { guides } = await import("./guides.ts");
    if (this.#settings.now.guides) this.#editor.fill("guides", guides);
  }

  async #keys(wanted: Settings["keys"]): Promise<void> {
    if (wanted === "standard") {
      this.#editor.fill("keys", []);
      delete document.documentElement.dataset["keys"];
      return;
    }
    const extension = wanted === "vim" ? (await import("./keys-vim.ts")).vimKeys : (await import("./keys-emacs.ts")).emacsKeys;
    if (this.#settings.now.keys !== wanted) return;
    this.#editor.fill("keys", extension);
    document.documentElement.dataset["keys"] = wanted;
  }

  async #add(): Promise<void> {
    const names = this.#editor.names();
    if (names.length >= MOST_FILES) {
      this.#announce(words().tooManyFiles(MOST_FILES));
      toast(words().tooManyFiles(MOST_FILES));
      return;
    }
    const end = /\.[^.]+$/.exec(this.#editor.entry)?.[0] ?? ".js";
    const name = await ask(words().newFileName, freeName(names, `file${end === ".json" ? ".js" : end}`), (text) => this.#trouble(text, names));
    if (name === null) return;
    this.#editor.add(name);
    this.#editor.focus();
  }

  async #rename(name: string): Promise<void> {
    const others = this.#editor.names().filter((other) => other !== name);
    const to = await ask(words().newNameFor(name), name, (text) => this.#trouble(text, others));
    if (to !== null) this.#editor.rename(name, to);
  }

  #trouble(name: string, others: readonly string[]): string | null {
    const trouble = nameTrouble(name, others);
    return trouble === null ? null : words().nameTroubles[trouble];
  }

  #close(name: string): void {
    const closed = this.#editor.close(name);
    if (closed === null) return;
    this.#closed.push(closed);
    toast(words().closedFile(name), words().undo, () => {
      this.#reopen();
    });
  }

  #reopen(): void {
    const closed = this.#closed.pop();
    if (closed === undefined) return;
    this.#editor.reopen(closed, freeName(this.#editor.names(), closed.open.name));
    this.#editor.focus();
  }

  async #format(): Promise<void> {
    const editor = this.#editor;
    const { view, active } = editor;
    const { doc, selection } = view.state;
    const before = doc.toString();
    const done = await format(active, before, selection.main.head);
    if (view.state.doc !== doc) {
      this.#announce(words().changedMeanwhile);
    } else if ("failed" in done) {
      toast(words().formatFailed(done.failed));
    } else {
      const change = difference(before, done.text);
      if (change !== null) view.dispatch({ changes: change, selection: { anchor: Math.min(done.caret, done.text.length) }, userEvent: "input.format" });
      this.#announce(words().formatted);
    }
  }

  #assistWhenIdle(): void {
    if (!this.#settings.now.assist) return;
    const begin = () => void this.#startAssist();
    if (typeof requestIdleCallback === "function") requestIdleCallback(begin, { timeout: LATEST_MS });
    else setTimeout(begin, LATEST_MS / 2);
  }

  async #startAssist(): Promise<void> {
    if (this.#begun()) return;
    this.#assist ??= import("./language/start.ts");
    let language;
    try {
      language = await this.#assist;
    } catch {
      // Offline, perhaps: the next wish for it tries again.
      this.#assist = null;
      return;
    }
    // Meanwhile it may have been started by another wish, or turned off.
    const { assist } = this.#settings.now;
    if (this.#begun() || !assist) return;
    const editor = this.#editor;
    const { isIdentifier, start } = language;
    this.#running = start(
      () => editor.docs(),
      {
        onReady: () => {
          document.documentElement.dataset["assist"] = "ready";
        },
        onLearned: () => {
          for (const view of editor.views) this.#running?.lookAgain(view);
        },
        onFailed: () => {
          this.#stopAssist();
        },
        onSlow: () => {
          this.#stopAssist();
          toast(words().slowAssist);
        },
      },
      {
        apply: (changes) => {
          editor.apply(changes);
        },
        goTo: ({ file, from, to }) => {
          editor.select(file, from, to);
        },
        askName: (title, value) => ask(title, value, (text) => (isIdentifier(text) ? null : words().noIdentifier)),
        say: (text) => {
          this.#announce(text);
          toast(text);
        },
        onProblems: (count) => {
          this.#countProblems(count);
        },
      },
    );
    editor.fill("assist", this.#running.extension);
  }

  #begun(): boolean {
    return this.#running !== null;
  }

  #stopAssist(): void {
    this.#editor.fill("assist", []);
    this.#running?.client.end();
    this.#running = null;
    this.#countProblems({ errors: 0, warnings: 0 });
    delete document.documentElement.dataset["assist"];
  }

  async #withAssist(run: (language: typeof import("./language/start.ts"), running: Running) => Promise<void>): Promise<void> {
    await this.#startAssist();
    if (this.#running === null || this.#assist === null) return;
    this.#editor.focus();
    await run(await this.#assist, this.#running);
  }

  #countProblems({ errors, warnings }: { errors: number; warnings: number }): void {
    if (this.#counted === `${errors} ${warnings}`) return;
    this.#counted = `${errors} ${warnings}`;
    this.#problems.hidden = errors + warnings === 0;
    this.#problems.dataset["tone"] = errors > 0 ? "bad" : "warn";
    this.#problems.textContent = words().problems(errors, warnings);
  }

  async #showProblems(): Promise<void> {
    const { openLintPanel } = await import("@codemirror/lint");
    this.#editor.focus();
    openLintPanel(this.#editor.view);
  }
}

/** The program as it goes to the server: a file alone with its language, or files, whose names say theirs and more. */
export function programOf(editor: Workspace, as: RunAs): Program {
  const { files } = editor.files();
  const [only] = files;
  const language = files.length === 1 && only !== undefined && /\.[jt]sx?$/.test(only.name) ? languageOf(only.name) : null;
  return only === undefined || language === null ? { files, entry: editor.entry, ...as } : { source: only.content, language, ...as };
}

/** The same, but of the file that is shown only what is selected, where it stands: places stay what they are. Null where nothing is. */
export function selectionOf(editor: Workspace, as: RunAs): Program | null {
  const { view } = editor;
  const { ranges } = view.state.selection;
  if (ranges.every(({ empty }) => empty)) return null;
  const { doc } = view.state;
  let text = "";
  let line = 1;
  let column = 0;
  for (const { from, to } of ranges) {
    const first = doc.lineAt(from);
    // Two on one line are apart by spaces, and so no one word.
    const down = first.number - line;
    text += "\n".repeat(down) + " ".repeat(from - first.from - (down === 0 ? column : 0)) + doc.sliceString(from, to);
    const last = doc.lineAt(to);
    [line, column] = [last.number, to - last.from];
  }
  const { files, active } = editor.files();
  const language = languageOf(active);
  if (files.length === 1 && language !== null && /\.[jt]sx?$/.test(active)) return { source: text, language, ...as };
  return { files: files.map(({ name, content }) => ({ name, content: name === active ? text : content })), entry: active, ...as };
}

/** What is kept of the program. */
export function draftOf(editor: Workspace, inputs: Inputs): string {
  return serialise(editor.files(), inputs);
}

