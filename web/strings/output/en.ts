// What the console says, in English: a part of the catalogue.

const several = (count: number, one: string, many: string) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** English. */
export const output = {
  // Lines
  marks: { ask: "Question", warn: "Warning", error: "Error", info: "Information", result: "Result", input: "Your input" },
  earlier: (lines: number) => `${several(lines, "earlier line", "earlier lines")} not shown`,
  times: (count: number) => several(count, "time", "times"),
  cleared: "Console was cleared",
  clearKept: "console.clear() was passed over: output is kept from run to run",
  runStarts: (number: number, time: string) => `Run ${number}, ${time}`,
  assertion: "Assertion failed",
  trace: "Trace",
  network: "Network",
  cancelled: "cancelled",
  yes: "Yes",
  no: "No",
  causedBy: "Caused by:",
  uncaught: "Uncaught",
  inPromise: "Uncaught (in promise)",
  group: (label: string) => `Group ${label}`,
  goTo: (line: number, column: number) => `Go to line ${line}${column > 0 ? `, column ${column}` : ""}`,
  line: (line: number) => `line ${line}`,
  topLevel: "(top level)",
  at: (name: string) => `at ${name}`,
  moreFrames: (count: number) => several(count, "more frame", "more frames"),

  // Values
  moreRows: (count: number) => several(count, "more row", "more rows"),
  moreColumns: (count: number) => several(count, "more column", "more columns"),
  moreCharacters: (count: number) => several(count, "more character", "more characters"),
  more: (count: number) => `… ${count.toLocaleString("en")} more`,
  table: (rows: number) => `Table, ${several(rows, "row", "rows")}`,
  sortBy: (column: string) => `Sort by ${column}`,
  accessors: { getter: "(getter)", setter: "(setter)", getter_setter: "(getter, setter)" },
  empty: (count: number) => (count > 1 ? `empty × ${count.toLocaleString("en")}` : "empty"),
  circular: "circular",
  key: "key",
  value: "value",
  html: "HTML output",
  markdown: "Markdown output",
  unshowable: "(nothing that this page can show)",
  picture: "Picture without a description",
  slowMarkdown: "This Markdown takes too long to lay out, so it is shown as it was written.",
  lostMarkdown: "This Markdown can't be laid out, so it is shown as it was written.",
  slowFrame: "(This takes too long to show.)",
  pictureFailed: "a picture that can't be shown",
  show: (title: string) => `Show ${title}`,

  // What the program asks
  asksLine: "The program asks for a line of text.",
  asksYesNo: "The program asks: yes or no?",
  asksAlert: "The program waits until you go on.",

  // The bar above the lines
  find: "Filter lines",
  findHint: "Filter: text or /regex/",
  found: (shown: number, all: number) => `${shown.toLocaleString("en")} of ${several(all, "line", "lines")}`,
  badPattern: (why: string) => `No pattern: ${why}`,
  slowPattern: "This pattern takes too long: all lines are shown. Repeats in repeats, like (a+)+, do that.",
  lostSearch: "Patterns can't be looked for now: all lines are shown.",
  levels: "Levels",
  levelNames: { error: "Errors", warn: "Warnings", info: "Information", log: "Output", debug: "Details" },
  options: "Console options",
  timestamps: "Timestamps",
  preserve: "Keep output from run to run",
  copyAllText: "Copy all as text",
  copyAllJson: "Copy all as JSON",
  copied: (lines: number) => `${several(lines, "line", "lines")} copied.`,
  copiedValue: "Copied.",
  copyFailed: "This browser did not allow copying.",

  // The menu of a line
  lineMenu: "Line",
  openMenu: "What can be done with this line",
  copyValueText: "Copy value as text",
  copyValueJson: "Copy value as JSON",
  copyLineText: "Copy line as text",
  copyLineJson: "Copy line as JSON",

  // What the visitor evaluates
  evaluate: "Evaluate in the program",
  evaluateHint: "Evaluate in the program",
  evaluateKeys: "Enter evaluates, Shift and Enter begins a new line, the arrows go through what was evaluated before.",
  replRuns: "The program runs: what you type is evaluated between its tasks.",
  replStays: (time: string) => `The program has ended; its isolate stays until ${time}.`,
  replBusy: "Evaluating …",
  letGo: "Let go",
  releasedTime: "The program's isolate was let go: its time was over. Run it again to go on.",
  releasedOthers: "The program's isolate was let go: another run was waiting for its place. Run it again to go on.",
};
