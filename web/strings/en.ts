// Every word that the page says, in English. Other languages have the same names: what is missing is an error.

import { output } from "./output/en.ts";

const several = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

/** English. */
export const en = {
  // The bar and the panes; the page comes with these, and they are in the templates as well.
  skip: "Skip to the editor",
  examples: "Examples",
  theme: "Theme",
  stop: "Stop",
  run: "Run",
  program: "Program",
  files: "Files",
  language: "Language",
  newFile: "New file",
  commands: "Commands",
  shortcuts: "Keyboard shortcuts",
  settings: "Settings",
  leaves: "Esc then Tab leaves the editor",
  divider: "Divider between program and console",
  console: "Console",
  consoleOutput: "Console output",
  clear: "Clear",
  newest: "↓ Newest",
  runSummary: "Run",
  invitation: "What your program prints appears here, while it runs.",
  nothingPrinted: "Nothing was printed.",
  draftKept: "Draft kept in this browser",
  draftNotKept: "This browser keeps no draft: copy what you need",

  // Theme
  themeIs: (name: string) => `Theme: ${name}`,
  themeClick: (name: string, next: string) => `Theme: ${name}. Click for ${next}.`,
  themeNames: { auto: "same as the system", light: "light", dark: "dark" },

  // Files
  programFile: (name: string) => `Program, ${name}`,
  runs: "Runs",
  tabTitle: (name: string) => `${name}: double click or F2 renames, Delete closes, Ctrl+Shift and an arrow moves`,
  newFileName: "Name of the new file",
  newNameFor: (name: string) => `New name for ${name}`,
  nameTroubles: {
    empty: "A file needs a name.",
    long: "At most 100 characters, please.",
    characters: "Letters, digits, dots, dashes and underscores, please; a slash makes a folder.",
    dots: "A folder can't be called . or ..",
    taken: "There is a file of this name.",
  },
  tooManyFiles: (most: number) => `A program has at most ${most} files.`,
  closedFile: (name: string) => `Closed ${name}.`,
  loadedUndo: (name: string) => `${name} loaded. Undo brings your program back.`,
  loadedInstead: (name: string, files: number) => `${name} loaded in place of ${several(files, "file", "files")}.`,

  // The editor
  editorHint: "Tab indents. Press Escape and then Tab to leave the editor. Control Enter, or Command Enter, runs the program.",
  tabLeaves: "Tab now leaves the editor.",
  fold: "Fold",
  unfold: "Unfold",
  formatted: "Formatted.",
  formatFailed: (why: string) => `Can't be formatted. ${why}`.trim(),
  changedMeanwhile: "The program has changed meanwhile: nothing was done.",
  /** CodeMirror's own words, by the English ones; where English is wanted it needs none. */
  editorPhrases: {} as Record<string, string>,

  // The language service
  problems: (errors: number, warnings: number) =>
    [errors > 0 ? several(errors, "error", "errors") : "", warnings > 0 ? several(warnings, "warning", "warnings") : ""].filter((it) => it !== "").join(", "),
  fix: (title: string) => title,
  signatureOf: (index: number, count: number) => `${index}/${count}`,
  definedElsewhere: "This comes with the sandbox: its definition is not part of the program.",
  noDefinition: "There is no definition of this to go to.",
  renameSymbol: (name: string) => `New name for ${name}`,
  renamed: (from: string, to: string, places: number) => `Renamed ${from} to ${to} in ${several(places, "place", "places")}.`,
  noIdentifier: "This can't be a name: letters, digits, _ and $, and no digit first.",

  // Commands
  runProgram: "Run the program",
  stopProgram: "Stop the program",
  clearConsole: "Clear the console",
  focusEditor: "Go to the editor",
  focusConsole: "Go to the console",
  showExamples: "Open the examples",
  changeTheme: "Change the theme",
  formatFile: "Format this file",
  renameFile: (name: string) => `Rename the file ${name}`,
  closeFile: (name: string) => `Close ${name}`,
  reopenFile: "Reopen the file closed last",
  nextFile: "Next file",
  previousFile: "Previous file",
  moveTab: (by: 1 | -1) => (by < 0 ? "Move this file to the front" : "Move this file to the back"),
  makeEntry: (name: string) => `Run ${name} first`,
  openFile: (name: string) => `Open ${name}`,
  find: "Find and replace",
  goToLine: "Go to a line",
  goToDefinition: "Go to the definition",
  renameName: "Rename a name everywhere",
  showProblems: "Show the problems",
  foldAll: "Fold everything",
  unfoldAll: "Unfold everything",
  undo: "Undo",
  redo: "Redo",
  larger: "Larger text in the editor",
  smaller: "Smaller text in the editor",
  wrapOn: "Wrap long lines",
  wrapOff: "Leave long lines as they are",
  sideBySide: "Program and console side by side",
  oneAboveOther: "Program above the console",
  useKeys: (name: string) => `Keys: ${name}`,
  typeCommand: "Type what you want to do",
  noCommand: "There is no such command.",
  onPage: "On this page",
  inEditor: "In the editor",
  editorKeys: [
    ["Mod-Enter", "Run the program"],
    ["Mod-f", "Find and replace"],
    ["Mod-d", "Select the next occurrence, too"],
    ["Mod-Alt-ArrowDown", "Add a caret below"],
    ["Mod-Alt-ArrowUp", "Add a caret above"],
    ["Alt-ArrowUp", "Move the line up"],
    ["Alt-ArrowDown", "Move the line down"],
    ["Shift-Alt-ArrowDown", "Copy the line down"],
    ["Mod-/", "Comment or uncomment"],
    ["Mod-]", "Indent"],
    ["Mod-[", "Unindent"],
    ["Ctrl-Space", "Complete"],
    ["Mod-Shift-Space", "Help with a call"],
    ["F12", "Go to the definition"],
    ["F2", "Rename a name everywhere"],
    ["F8", "Next problem"],
    ["Mod-Shift-m", "Show the problems"],
    ["Ctrl-Shift-[", "Fold"],
    ["Ctrl-Shift-]", "Unfold"],
    ["Escape", "Let the next Tab leave the editor"],
    ["Ctrl-m", "Let Tab leave the editor always, or no longer"],
  ] as readonly (readonly [keys: string, title: string])[],

  // Settings and dialogs
  ok: "OK",
  cancel: "Cancel",
  close: "Close",
  dividerValue: (percent: number) => `Program ${percent} %`,
  settingTitles: {
    fontSize: "Text size",
    wrap: "Wrap long lines",
    guides: "Indentation guides",
    assist: "Completion, types and problems",
    keys: "Keys",
    keysNames: { standard: "Standard", vim: "Vim", emacs: "Emacs" },
    split: "Layout",
    splitNames: { auto: "By the window's width", columns: "Side by side", rows: "One above the other" },
    locale: "Language",
    asBrowser: "Same as the browser",
    reset: "Reset",
  },

  // The console: see output/
  output,
};

type Widened<T> = T extends string ? string : T extends (...args: infer A) => string ? (...args: A) => string : T extends readonly unknown[] ? T : { [K in keyof T]: Widened<T[K]> };

/** The words of a language. */
export type Words = Widened<typeof en>;
