// The worker that formats: Prettier, off the page's own thread. Its Babel parser reads TypeScript as well.

import * as babel from "prettier/plugins/babel";
import * as estree from "prettier/plugins/estree";
import { formatWithCursor } from "prettier/standalone";

import type { FormatAnswer, FormatRequest } from "./protocol.ts";

/** What of a worker's global scope is used here. */
const scope = self as unknown as {
  postMessage: (message: FormatAnswer) => void;
  addEventListener: (type: "message", hear: (event: MessageEvent<FormatRequest>) => void) => void;
};

scope.addEventListener("message", ({ data }) => {
  void format(data);
});

async function format({ id, file, text, caret }: FormatRequest): Promise<void> {
  try {
    const parser = file.endsWith(".json") ? "json" : /\.[cm]?tsx?$/.test(file) ? "babel-ts" : "babel";
    const done = await formatWithCursor(text, { cursorOffset: caret, parser, plugins: [babel, estree], printWidth: 100 });
    scope.postMessage({ id, text: done.formatted, caret: done.cursorOffset });
  } catch (error) {
    // Prettier shows the place as lines of text after the first one.
    const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    scope.postMessage({ id, failed: first });
  }
}
