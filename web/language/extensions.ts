// The language service in the editor, as CodeMirror extensions: completion, types on hover, help with calls,
// problems, going to definitions, renaming. Loaded when the page has nothing else to do.

import {
  acceptCompletion,
  autocompletion,
  closeCompletion,
  completionKeymap,
  completionStatus,
  insertCompletionText,
  startCompletion,
  type Completion as Option,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { forEachDiagnostic, lintKeymap, linter, type Diagnostic } from "@codemirror/lint";
import { Prec, StateEffect, type EditorState, type Extension } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap, type ViewUpdate } from "@codemirror/view";

import { fileName } from "../editor-setup.ts";
import { words } from "../strings/words.ts";
import type { Change } from "../workspace.ts";
import type { Client } from "./client.ts";
import { looks } from "./looks.ts";
import type { Completion, Place, Problem } from "./protocol.ts";
import { renderInfo } from "./render.ts";
import { signatureHelp } from "./signature.ts";

/** How long typing must pause before problems are looked for, in milliseconds. */
const PAUSE_MS = 350;

/** Closes the list of completions. One that is still to come is given up, and leaves the key to what is in sight. */
function closeSeen(view: EditorView): boolean {
  const isSeen = completionStatus(view.state) === "active";
  return closeCompletion(view) && isSeen;
}

/** What the extensions need from the page. */
export type Page = {
  client: Client;
  /** Makes changes in any of the files. */
  apply: (changes: readonly Change[]) => void;
  /** Shows a place in any of the files. */
  goTo: (place: Place) => void;
  /** Asks for a name; null when the visitor thinks better of it. */
  askName: (title: string, value: string) => Promise<string | null>;
  /** Says something to everyone, screen readers included. */
  say: (text: string) => void;
  /** The problems in the file that is shown have changed. */
  onProblems: (count: { errors: number; warnings: number }) => void;
};

const fileOf = (state: EditorState) => state.facet(fileName);

/** Everything. */
export function assistance(page: Page): Extension {
  const { client } = page;
  return [
    autocompletion({ override: [(context) => complete(page, context)], icons: true, defaultKeymap: false, maxRenderedOptions: 30, interactionDelay: 50 }),
    Prec.highest(keymap.of([...completionKeymap.filter(({ key }) => key !== "Escape"), { key: "Escape", run: closeSeen }, { key: "Tab", run: acceptCompletion }])),
    keymap.of([
      { key: "Ctrl-Space", run: startCompletion },
      { key: "F12", run: (view) => act(goToDefinition(page, view, view.state.selection.main.head)) },
      { key: "F2", run: (view) => act(renameAt(page, view)) },
      ...lintKeymap,
    ]),
    hoverTooltip(async (view, at) => {
      const found = await client.ask("hover", { file: fileOf(view.state), at }).catch(() => null);
      return found === null ? null : { pos: found.from, end: found.to, above: true, create: () => ({ dom: renderInfo(found) }) };
    }),
    linter(async (view) => problems(page, view), {
      delay: PAUSE_MS,
      needsRefresh: ({ transactions }) => transactions.some(({ effects }) => effects.some((it) => it.is(again))),
    }),
    EditorView.updateListener.of((update) => {
      countProblems(page, update);
    }),
    signatureHelp(client),
    EditorView.domEventHandlers({
      mousedown: (event, view) => {
        if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.button !== 0) return false;
        const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
        if (at === null) return false;
        event.preventDefault();
        return act(goToDefinition(page, view, at));
      },
    }),
    looks,
  ];
}

/** Looks for problems again, in a text that has not changed: the service knows more types now. */
export function lookAgain(view: EditorView): void {
  view.dispatch({ effects: again.of(null) });
}

const again = StateEffect.define();

function act(done: Promise<void>): true {
  void done;
  return true;
}

async function complete(page: Page, context: CompletionContext): Promise<CompletionResult | null> {
  const { state, pos, explicit } = context;
  const file = fileOf(state);
  const found = await page.client.ask("complete", { file, at: pos, explicit }).catch(() => null);
  if (found === null || context.aborted) return null;
  // What follows the caret is replaced by the choice, and is no part of what is looked for.
  const after = Math.max(0, found.to - pos);
  return { from: found.from, options: found.items.map((item) => option(page, file, pos, after, item)), validFor: /^[\w$]*$/ };
}

function option(page: Page, file: string, at: number, after: number, item: Completion): Option {
  const { label, kind, rank, source, data, insert, caret } = item;
  const imported = source !== undefined && source !== "";
  return {
    label,
    type: kind,
    // What is near comes first: locals, then globals, then what has to be imported.
    boost: Math.max(-99, 20 - rank),
    ...(imported ? { detail: source } : {}),
    info: async () => {
      const info = await page.client.ask("detail", { file, at, label, ...(source === undefined ? {} : { source }), data }).catch(() => null);
      return info === null ? null : renderInfo(info);
    },
    apply: (view, _, from, to) => {
      const text = insert ?? label;
      view.dispatch(insertCompletionText(view.state, text, from, Math.min(to + after, view.state.doc.length)));
      if (caret !== undefined) {
        view.dispatch({ selection: { anchor: from + caret } });
        startCompletion(view);
      }
      if (imported) void addImport(page, view, item);
    },
  };
}

async function addImport(page: Page, view: EditorView, { label, source = "", data }: Completion): Promise<void> {
  const { state } = view;
  const file = fileOf(state);
  const edits = await page.client.ask("imports", { file, at: state.selection.main.head, label, source, data }).catch(() => []);
  // A keystroke in between would shift what the answer means.
  if (view.state.doc === state.doc) page.apply(edits);
  else if (edits.length > 0) void addImport(page, view, { label, kind: "variable", rank: 0, source, data });
}

async function problems(page: Page, view: EditorView): Promise<Diagnostic[]> {
  const { state } = view;
  const file = fileOf(state);
  const found = await page.client.ask("problems", { file }).catch(() => []);
  const last = state.doc.length;
  return found.filter((it) => it.from <= last).map((it) => diagnostic(page, it, last));
}

function diagnostic(page: Page, { from, to, severity, message, unused, fix }: Problem, last: number): Diagnostic {
  return {
    from,
    to: Math.min(to, last),
    severity: unused === true ? "hint" : severity,
    message,
    ...(unused === true ? { markClass: "cm-unused" } : {}),
    ...(fix === undefined
      ? {}
      : {
          actions: [
            {
              name: words().fix(fix.title),
              apply: (view: EditorView, start: number) => {
                const moved = start - from;
                page.apply(fix.edits.map((edit) => ({ ...edit, file: fileOf(view.state), from: edit.from + moved, to: edit.to + moved })));
              },
            },
          ],
        }),
  };
}

function countProblems(page: Page, { state, transactions, startState }: ViewUpdate): void {
  // Typing changes where problems are, not how many: what finds them anew says so by an effect.
  const changed = startState.facet(fileName) !== fileOf(state) || transactions.some((it) => it.effects.length > 0);
  if (!changed) return;
  let errors = 0;
  let warnings = 0;
  forEachDiagnostic(state, ({ severity }) => {
    if (severity === "error") errors += 1;
    if (severity === "warning") warnings += 1;
  });
  page.onProblems({ errors, warnings });
}

/** Goes to where the name at a place is defined. */
export async function goToDefinition(page: Page, view: EditorView, at: number): Promise<void> {
  const found = await page.client.ask("definition", { file: fileOf(view.state), at }).catch(() => null);
  const [place] = found?.places ?? [];
  if (place !== undefined) page.goTo(place);
  else page.say(found?.elsewhere === true ? words().definedElsewhere : words().noDefinition);
}

/** Asks for a new name for what is at the caret, and gives it in every file. */
export async function renameAt(page: Page, view: EditorView): Promise<void> {
  const { state } = view;
  const asks = { file: fileOf(state), at: state.selection.main.head };
  const found = await page.client.ask("canRename", asks).catch(() => ({ refused: words().noDefinition }));
  if ("refused" in found) {
    page.say(found.refused);
    return;
  }
  const to = await page.askName(words().renameSymbol(found.name), found.name);
  view.focus();
  if (to === null || to === found.name) return;
  const edits = await page.client.ask("rename", { ...asks, to }).catch(() => []);
  if (view.state.doc !== state.doc) {
    page.say(words().changedMeanwhile);
    return;
  }
  page.apply(edits);
  page.say(words().renamed(found.name, to, edits.length));
}

/** Whether a text can be a name in a program. */
export const isIdentifier = (text: string) => /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(text);
