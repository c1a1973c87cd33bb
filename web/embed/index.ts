// The package: the same element, for pages that are bundled.

import { define, type MayflyEditor } from "./element.ts";
import type { ConsoleLine, Result } from "./messages.ts";

export { define, MayflyEditor } from "./element.ts";
export type { ConsoleLine, Program, Result, SourceFile } from "./messages.ts";

/** Defines `<mayfly-editor>`, served by the Mayfly at `host`, such as `https://mayfly.example`. Once per page. */
export function defineMayflyEditor(host: string): void {
  define(host);
}

/** What the events of a `<mayfly-editor>` carry in `detail`. */
export type MayflyEvents = {
  /** The editor can be used. */
  ready: Record<string, never>;
  /** The program was started, by the visitor or by `run()`. */
  run: { source: string };
  /** The program has printed something. */
  console: { lines: ConsoleLine[] };
  /** The program has ended, or could not be run. */
  result: Result;
  /** The editor could not be loaded; the code is still there as text. */
  error: { message: string };
};

declare global {
  // Where TypeScript looks up what an element's name stands for; it has to be an interface.
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
  interface HTMLElementTagNameMap {
    "mayfly-editor": MayflyEditor;
  }
}
