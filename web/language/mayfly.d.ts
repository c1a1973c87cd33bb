// What a program finds in the sandbox that TypeScript's own libraries don't describe, or describe for browsers.
// library.mjs takes from here what the sandbox really has.

/** The global object. */
declare var self: typeof globalThis;

/** What the program runs in. */
interface Navigator {
  /** `Mayfly`, and its version. */
  readonly userAgent: string;
}
declare var Navigator: { prototype: Navigator };
declare var navigator: Navigator;

/** More was asked for than there is room for, such as of `crypto.getRandomValues`. */
interface QuotaExceededError extends DOMException {
  readonly quota: number | null;
  readonly requested: number | null;
}
declare var QuotaExceededError: {
  prototype: QuotaExceededError;
  new (message?: string, options?: { quota?: number; requested?: number }): QuotaExceededError;
};

/** The JSON value that the request for this run brought along; `undefined` where there was none. */
declare var input: any;

/** Asks the person who runs the program for a line of text; `null` when they cancel. Blocks until then. */
declare function prompt(message?: string, defaultText?: string): string | null;

/** Asks the person who runs the program yes or no. Blocks until they answer. */
declare function confirm(message?: string): boolean;

/** Shows the person who runs the program a message. Blocks until they have seen it. */
declare function alert(message?: string): void;

/** The next line of input; `null` when there is none. */
declare function readLine(prompt?: string): Promise<string | null>;

/** Shows a value richly in the console: HTML, SVG, an image, Markdown, a table or a chart. */
declare var display: any;

/** Loads a module that the sandbox has, or another file of the program (CommonJS). */
declare var require: (name: string) => any;

/** This file as a CommonJS module. */
declare var module: { exports: any };

/** What this CommonJS module exports. */
declare var exports: any;

/** The global object, by Node's name for it. */
declare var global: typeof globalThis;

/** Node's `Buffer`, as `node:buffer` has it. */
declare var Buffer: any;

/** Node's `process`, as `node:process` has it: no environment, no arguments, nothing of the machine. */
declare var process: any;

/** Calls a function as soon as what is under way is done. Gives what `clearImmediate` takes. */
declare function setImmediate(callback: (...args: any[]) => void, ...args: any[]): any;

/** Takes a call back that `setImmediate` has planned. */
declare function clearImmediate(immediate: any): void;

/** What of a run's own a message can be about: there are no windows and no workers. */
type MessageEventSource = MessagePort;

/** What can be moved to the other side of a message channel. */
type Transferable = ArrayBuffer | MessagePort | ReadableStream | TransformStream | WritableStream;
