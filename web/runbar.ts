// Run, Stop, and how the run stands: shows the state, decides nothing.

import { positionButton, type Jump } from "./console/position.ts";
import { Meters } from "./meters.ts";
import type { Outcome } from "./protocol.ts";
import { canStop, limitsOf, openRun, outcomeMessage, waited, type Phase, type State } from "./run.ts";
import { count, elapsed } from "./units.ts";

/** The elements that the run bar works on. */
export type RunBarElements = {
  run: HTMLButtonElement;
  stop: HTMLButtonElement;
  /** One word or two: how the run stands. */
  badge: HTMLElement;
  /** A sentence. */
  message: HTMLElement;
  /** Tries again after a rejection. */
  retry: HTMLButtonElement;
  meters: HTMLElement;
  connection: HTMLButtonElement;
  connectionText: HTMLElement;
};

const OUTCOMES: Record<Outcome, string> = {
  completed: "Completed",
  failed: "Failed",
  timed_out: "Out of time",
  cpu_exceeded: "CPU limit",
  memory_exceeded: "Memory limit",
  output_exceeded: "Output limit",
  stopped: "Stopped",
  crashed: "Crashed",
};

/** The run bar. */
export class RunBar {
  #elements: RunBarElements;
  #meters: Meters;
  #jump: Jump;
  #shown: Phase | null = null;
  #reason = "";

  constructor(elements: RunBarElements, jump: Jump) {
    this.#elements = elements;
    this.#meters = new Meters(elements.meters);
    this.#jump = jump;
  }

  /** Shows `state`. Called at every change, and several times a second while time matters. */
  show(state: State, now: number): void {
    const { stop, badge, retry } = this.#elements;
    const { phase } = state;
    // Focus must not get lost with a button that goes out of use.
    if (!canStop(state) && document.activeElement === stop) this.#elements.run.focus();
    stop.disabled = !canStop(state);
    const [tone, word] = badgeOf(phase, now, state.hello?.limits.prompt_ms ?? 0);
    setText(badge, word);
    badge.dataset["tone"] = tone;
    const reason = state.connection.at === "closed" ? state.connection.reason : "";
    if (phase !== this.#shown || reason !== this.#reason) this.#message(phase, reason);
    this.#shown = phase;
    this.#reason = reason;
    retry.hidden = phase.at !== "rejected" && phase.at !== "lost";
    if (!retry.hidden) {
      const wait = phase.at === "rejected" && phase.retryAt !== null ? Math.ceil((phase.retryAt - now) / 1000) : 0;
      retry.disabled = wait > 0;
      setText(retry, wait > 0 ? `Try again in ${wait} s` : "Try again");
    }
    const open = openRun(state);
    const used =
      phase.at === "finished"
        ? phase.report.usage
        : open?.at === "running"
          ? { wall_ms: Math.max(0, now - open.since - waited(open, now)) }
          : null;
    this.#meters.show(used, limitsOf(state));
    this.#connection(state, now);
  }

  #message(phase: Phase, reason: string): void {
    const { message } = this.#elements;
    const text = messageOf(phase, reason);
    const place = phase.at === "finished" ? (phase.report.stopped_at ?? phase.report.error?.stack[0]) : undefined;
    if (place === undefined) {
      message.replaceChildren(text);
      return;
    }
    // Where the sentence itself names the line, those words become the button.
    const words = `line ${place.line}`;
    const link = positionButton(place, this.#jump, words);
    const found = new RegExp(`\\b${words}\\b`).exec(text);
    if (found === null) message.replaceChildren(`${text} `, link);
    else message.replaceChildren(text.slice(0, found.index), link, text.slice(found.index + words.length));
  }

  #connection(state: State, now: number): void {
    const { connection, connectionText } = this.#elements;
    const at = state.connection;
    connection.dataset["at"] = at.at;
    connection.disabled = at.at !== "closed";
    switch (at.at) {
      case "open":
        setText(connectionText, "Connected");
        connection.title = state.hello === null ? "Connected" : `Connected. Programs run on ${state.hello.engine}.`;
        break;
      case "connecting":
        setText(connectionText, "Connecting…");
        connection.title = "Connecting to the server";
        break;
      case "closed": {
        const wait = Math.max(0, Math.ceil((at.retryAt - now) / 1000));
        setText(connectionText, `Offline, next try in ${wait} s`);
        connection.title = `${at.reason === "" ? "No connection to the server." : at.reason} Click to try now.`;
        break;
      }
    }
  }
}

/** `promptMs`: how long the program may wait for its visitor. */
function badgeOf(phase: Phase, now: number, promptMs: number): [tone: string, word: string] {
  switch (phase.at) {
    case "idle":
      return ["quiet", "Ready"];
    case "waiting":
      return ["busy", "Waiting"];
    case "sent":
      return ["busy", "Sending"];
    case "queued":
      return ["busy", phase.stopping ? "Stopping" : "Queued"];
    case "running":
      if (phase.waitsSince !== null && !phase.stopping) {
        return ["busy", `Waiting for you ${Math.max(0, Math.ceil((promptMs - waited(phase, now)) / 1000))} s`];
      }
      return ["busy", `${phase.stopping ? "Stopping" : "Running"} ${elapsed(now - phase.since - waited(phase, now))}`];
    case "rejected":
      return ["warn", "Not run"];
    case "lost":
      return ["warn", "Lost"];
    case "finished": {
      const { outcome } = phase.report;
      const tone = outcome === "completed" ? "good" : outcome === "stopped" ? "quiet" : outcome === "failed" || outcome === "crashed" ? "bad" : "warn";
      return [tone, OUTCOMES[outcome]];
    }
  }
}

/** `reason`: why there is no connection, where that is known. */
function messageOf(phase: Phase, reason: string): string {
  switch (phase.at) {
    case "idle":
      return "Each run gets a process of its own, and both are gone when it ends.";
    case "waiting":
      return `${reason === "" ? "" : `${reason} `}Runs as soon as the server is back. Your program is kept in this browser.`;
    case "sent":
      return "Sent to the server.";
    case "queued":
      return phase.position <= 1 ? "The server is busy. Next in line." : `The server is busy. Number ${count(phase.position)} in line.`;
    case "running":
      if (phase.waitsSince !== null && !phase.stopping) return "The program goes on when you answer.";
      return phase.stopping ? "Told to stop." : "Output appears as the program writes it.";
    case "finished":
      return outcomeMessage(phase.report);
    case "rejected":
    case "lost":
      return phase.message;
  }
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
