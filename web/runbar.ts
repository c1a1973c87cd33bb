// Run, Stop, and how the run stands: shows the state, decides nothing.

import { positionButton, type Jump } from "./console/position.ts";
import { Meters } from "./meters.ts";
import type { StackFrame } from "./protocol.ts";
import { button } from "./dom.ts";
import { canStop, computesLong, limitsOf, outcomeMessage, usedSoFar, waited, type Phase, type State } from "./run.ts";
import { words } from "./strings/words.ts";
import { count, duration, elapsed } from "./units.ts";

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
  /** Asks whether a run that computes for long may go on, where that can be asked. */
  long?: HTMLElement;
  onGoOn?: () => void;
  connection: HTMLButtonElement;
  connectionText: HTMLElement;
};

/** The run bar. */
export class RunBar {
  #elements: RunBarElements;
  #meters: Meters;
  #jump: Jump;
  #shown: Phase | null = null;
  #reason = "";
  #longText: HTMLElement | null = null;

  constructor(elements: RunBarElements, jump: Jump) {
    this.#elements = elements;
    this.#meters = new Meters(elements.meters);
    this.#jump = jump;
    new ResizeObserver(() => {
      this.#reach();
    }).observe(elements.message);
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
    const isOther = phase !== this.#shown || reason !== this.#reason;
    if (isOther) this.#message(phase, reason);
    this.#shown = phase;
    this.#reason = reason;
    retry.hidden = phase.at !== "rejected" && phase.at !== "lost";
    if (!retry.hidden) {
      const wait = phase.at === "rejected" && phase.retryAt !== null ? Math.ceil((phase.retryAt - now) / 1000) : 0;
      retry.disabled = wait > 0;
      setText(retry, wait > 0 ? words().tryAgainIn(wait) : words().tryAgain);
    }
    if (isOther) this.#reach();
    this.#meters.show(usedSoFar(state, now), limitsOf(state));
    this.#long(state);
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
    // Where the sentence itself names the line, those words become the button. The server says it in English.
    const named = `line ${place.line}`;
    const found = new RegExp(`\\b${named}\\b`).exec(text);
    const link = this.#link(place, found === null ? words().line(place.line) : named);
    if (found === null) message.replaceChildren(`${text} `, link);
    else message.replaceChildren(text.slice(0, found.index), link, text.slice(found.index + named.length));
  }

  /** Lets the keyboard scroll a message that has more to say than there is room for. */
  #reach(): void {
    const { message } = this.#elements;
    if (message.scrollHeight > message.clientHeight + 1) message.tabIndex = 0;
    else message.removeAttribute("tabindex");
  }

  /** Asks whether a run that computes for long may go on. Its words change as it does, its buttons stay. */
  #long(state: State): void {
    const { long } = this.#elements;
    if (long === undefined) return;
    const found = computesLong(state);
    long.hidden = found === null;
    if (found === null) {
      if (long.contains(document.activeElement)) this.#elements.run.focus();
      long.replaceChildren();
      this.#longText = null;
      return;
    }
    if (this.#longText === null) {
      this.#longText = document.createElement("span");
      this.#longText.className = "long-text";
      long.append(
        this.#longText,
        button("plain small", words().stop, () => {
          this.#elements.stop.click();
        }),
        button("plain small", words().goOn(duration(found.until)), () => {
          this.#elements.onGoOn?.();
        }),
      );
    }
    if (this.#longText.textContent === found.text) return;
    const where = /\S+:\d+(?=\.$)/.exec(found.text)?.[0] ?? words().line(found.place.line);
    const at = found.text.lastIndexOf(where);
    this.#longText.replaceChildren(found.text.slice(0, at), this.#link(found.place, where), found.text.slice(at + where.length));
  }

  #link(place: StackFrame, text: string): HTMLButtonElement {
    const link = positionButton(place, this.#jump, text);
    link.title = words().goToPlace(place.line, place.column);
    return link;
  }

  #connection(state: State, now: number): void {
    const { connection, connectionText } = this.#elements;
    const at = state.connection;
    connection.dataset["at"] = at.at;
    connection.disabled = at.at !== "closed";
    switch (at.at) {
      case "open":
        setText(connectionText, words().connected);
        connection.title = state.hello === null ? words().connected : words().connectedTo(state.hello.engine);
        break;
      case "connecting":
        setText(connectionText, words().connecting);
        connection.title = words().connectingTo;
        break;
      case "closed": {
        const wait = Math.max(0, Math.ceil((at.retryAt - now) / 1000));
        setText(connectionText, words().offline(wait));
        connection.title = words().offlineBecause(at.reason);
        break;
      }
    }
  }
}

/** `promptMs`: how long the program may wait for its visitor. */
function badgeOf(phase: Phase, now: number, promptMs: number): [tone: string, word: string] {
  const { badges } = words();
  switch (phase.at) {
    case "idle":
      return ["quiet", badges.ready];
    case "waiting":
      return ["busy", badges.waiting];
    case "sent":
      return ["busy", badges.sending];
    case "queued":
      return ["busy", phase.stopping ? badges.stopping : badges.queued];
    case "running":
      if (phase.waitsSince !== null && !phase.stopping) {
        return ["busy", words().waitsForYou(Math.max(0, Math.ceil((promptMs - waited(phase, now)) / 1000)))];
      }
      return ["busy", words()[phase.stopping ? "stoppingFor" : "runningFor"](elapsed(now - phase.since - waited(phase, now)))];
    case "rejected":
      return ["warn", badges.notRun];
    case "lost":
      return ["warn", badges.lost];
    case "finished": {
      const { outcome } = phase.report;
      const tone = outcome === "completed" ? "good" : outcome === "stopped" ? "quiet" : outcome === "failed" || outcome === "crashed" ? "bad" : "warn";
      return [tone, words().outcomes[outcome]];
    }
  }
}

/** `reason`: why there is no connection, where that is known. */
function messageOf(phase: Phase, reason: string): string {
  const text = words();
  switch (phase.at) {
    case "idle":
      return text.runIdle;
    case "waiting":
      return text.runWaiting(reason);
    case "sent":
      return text.runSent;
    case "queued":
      return phase.position <= 1 ? text.runNext : text.runInLine(count(phase.position));
    case "running":
      if (phase.waitsSince !== null && !phase.stopping) return text.runAnswer;
      return phase.stopping ? text.runTold : text.runGoes;
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
