// A program in an embed may have company that its visitor does not see: code of earlier editors and setup before
// it, a check after it. They share one scope, as lines typed one after the other would: a later editor goes on with
// what an earlier one declared. So they are one text to the server, and what the server says of places in it is
// moved back here to the lines that the visitor sees.

import type { ConsoleEvent, ErrorValue, ObjectValue, RunError, RunReport, StackFrame, Value } from "../protocol.ts";

/** What there is besides the visible program. */
export type Company = { before: string; setup: string; check: string };

/** Which part a place is in. */
export type Where = "before" | "program" | "check";

/**
 * Stands between what comes before and the program: what those have printed is not this program's output. By the
 * console's own means, so that it works wherever programs run; that nobody may have a `console` is thought of.
 */
const BOUNDARY = ";globalThis.console?.clear?.();";

/** The whole text that runs, and where in it the visible program is. */
export class Composed {
  readonly text: string;
  /** Lines before the program. */
  readonly #first: number;
  /** Lines of the program. */
  readonly #lines: number;
  readonly #alone: boolean;

  constructor(program: string, { before, setup, check }: Company) {
    const head = [before, setup].filter((code) => code.trim() !== "");
    const tail = check.trim() === "" ? "" : `\n;\n${check}`;
    const start = head.length === 0 ? "" : `${head.join("\n;\n")}\n${BOUNDARY}\n`;
    this.text = `${start}${program}${tail}`;
    this.#first = countLines(start) - 1;
    this.#lines = countLines(program);
    this.#alone = start === "" && tail === "";
  }

  /** Whether the program has no company. */
  get alone(): boolean {
    return this.#alone;
  }

  /** Whether something runs before the program. */
  get hasBefore(): boolean {
    return this.#first > 0;
  }

  /** The part that a line of the text is in. */
  where(line: number): Where {
    if (line <= this.#first) return "before";
    return line <= this.#first + this.#lines ? "program" : "check";
  }

  // A place with a file is in another file than the program, which has no company.

  /** Whether `event` marks the end of what comes before. */
  isBoundary(event: ConsoleEvent): boolean {
    return event.kind === "clear" && event.file === undefined && event.line === this.#first;
  }

  /** An event, with places as the visitor knows them. */
  event(event: ConsoleEvent): ConsoleEvent {
    if (this.#alone) return event;
    const place = event.file === undefined ? this.#place(event) : event;
    return {
      ...event,
      line: place?.line ?? 0,
      column: place?.column ?? 0,
      args: event.args.map((value) => this.#value(value)),
      ...(event.stack === undefined ? {} : { stack: this.#stack(event.stack) }),
      ...(event.table === undefined
        ? {}
        : {
            table: {
              ...event.table,
              rows: event.table.rows.map((row) => ({
                ...row,
                cells: row.cells.map((cell) => (cell === null ? null : this.#value(cell))),
              })),
            },
          }),
    };
  }

  /** The part in which a run failed or was stopped; `null` when it was not, or that is not known. */
  failed({ error, stopped_at }: RunReport): Where | null {
    const frame = stopped_at ?? error?.stack[0];
    if (error === null || frame === undefined) return null;
    return frame.file === undefined ? this.where(frame.line) : "program";
  }

  /** A report, with places as the visitor knows them. */
  report(report: RunReport): RunReport {
    if (this.#alone) return report;
    const { value, error, stopped_at } = report;
    return {
      ...report,
      value: value === null ? null : this.#value(value),
      error: error === null ? null : this.#error(error, report),
      stopped_at: stopped_at === null ? null : this.#frame(stopped_at),
    };
  }

  #error(error: RunError, report: RunReport): RunError {
    let { message } = error;
    // The server's own sentences name the line.
    if (report.outcome !== "failed") {
      message = message.replace(/\bat line (\d+)/g, (_, digits: string) => {
        const line = Number(digits);
        return this.where(line) === "program" ? `at line ${line - this.#first}` : "in code that is not shown";
      });
    } else {
      const part = this.failed(report);
      if (part === "before") message += " (in code that runs before this program)";
      if (part === "check") message += " (in the code that checks this program)";
    }
    return {
      ...error,
      message,
      stack: this.#stack(error.stack),
      ...(error.cause === undefined ? {} : { cause: this.#value(error.cause) }),
    };
  }

  #place({ line, column }: { line: number; column: number }): { line: number; column: number } | null {
    if (line === 0 || this.where(line) !== "program") return null;
    return { line: line - this.#first, column };
  }

  #frame(frame: StackFrame): StackFrame | null {
    if (frame.file !== undefined) return frame;
    const place = this.#place(frame);
    return place === null ? null : { ...frame, ...place };
  }

  /** Frames of code that is not shown say nothing to the visitor. */
  #stack(stack: StackFrame[]): StackFrame[] {
    return stack.map((frame) => this.#frame(frame)).filter((frame) => frame !== null);
  }

  #value(value: Value): Value {
    return value.type === "object" ? { ...value, ...this.#object(value) } : value;
  }

  #object(object: ObjectValue): Partial<ObjectValue> {
    const { items, entries, properties, value, handler, prototype, error } = object;
    return {
      ...(items === undefined ? {} : { items: items.map((item) => this.#value(item)) }),
      ...(entries === undefined
        ? {}
        : { entries: entries.map(([key, entry]): [Value, Value] => [this.#value(key), this.#value(entry)]) }),
      ...(properties === undefined
        ? {}
        : {
            properties: properties.map((property) =>
              property.value === undefined ? property : { ...property, value: this.#value(property.value) },
            ),
          }),
      ...(value === undefined ? {} : { value: this.#value(value) }),
      ...(handler === undefined ? {} : { handler: this.#value(handler) }),
      ...(prototype === undefined ? {} : { prototype: this.#value(prototype) }),
      ...(error === undefined ? {} : { error: this.#errorValue(error) }),
    };
  }

  #errorValue(error: ErrorValue): ErrorValue {
    return {
      ...error,
      stack: this.#stack(error.stack),
      ...(error.cause === undefined ? {} : { cause: this.#value(error.cause) }),
    };
  }
}

/** Lines as JavaScript counts them. */
function countLines(text: string): number {
  return text.split(/\r\n|[\n\r\u2028\u2029]/).length;
}

/** Holds back what is printed before the program, until it is known that the program was reached. */
export class Gate {
  readonly #composed: Composed;
  #held: ConsoleEvent[] | null;

  constructor(composed: Composed) {
    this.#composed = composed;
    this.#held = composed.hasBefore ? [] : null;
  }

  /** What of `events`, as the server sent them, is to be shown now. */
  pass(events: readonly ConsoleEvent[]): ConsoleEvent[] {
    let rest = events;
    if (this.#held !== null) {
      const at = events.findIndex((event) => this.#composed.isBoundary(event));
      if (at < 0) {
        this.#held.push(...events);
        return [];
      }
      this.#held = null;
      rest = events.slice(at + 1);
    }
    return rest.map((event) => this.#composed.event(event));
  }

  /** The run is over: what was held back is all there is to explain why the program was not reached. */
  end(): ConsoleEvent[] {
    const held = this.#held ?? [];
    this.#held = null;
    return held.map((event) => this.#composed.event(event));
  }
}
