// What the page and the worker that formats say to each other.

/** A text to format. */
export type FormatRequest = { id: number; file: string; text: string; caret: number };

/** The formatted text and where the caret is in it; or why there is none. */
export type FormatAnswer = { id: number; text: string; caret: number } | { id: number; failed: string };
