// What a shared program did when it was recorded: shown at once, played again, and held against the visitor's own run.

import { button, el } from "../dom.ts";
import type { SourceFile } from "../embed/messages.ts";
import type { ConsoleEvent, RunReport } from "../protocol.ts";
import { firstDifference } from "../share/compare.ts";
import { Player } from "../share/player.ts";
import { Recorder } from "../share/recorder.ts";
import type { Recording } from "../share/snippet.ts";
import { words } from "../strings/words.ts";
import { duration } from "../units.ts";

/** What this needs of the frame. */
export type Host = {
  isRunning: () => boolean;
  announce: (text: string) => void;
  /** Empties the console. */
  clear: () => void;
  /** Prints into it. */
  print: (events: ConsoleEvent[]) => void;
  /** Shows how the recorded run ended. */
  end: (report: RunReport) => void;
};

/** Files as one text, by which a program is known again. */
const textOf = (files: readonly SourceFile[]): string => JSON.stringify(files.map(({ name, content }) => [name, content]));

/** A recorded run, where there is one. */
export class Recorded {
  #strip: HTMLElement;
  #host: Host;
  #recorder = new Recorder();
  #player: Player | null = null;
  #recording: Recording | null = null;
  #program = "";
  #verdict = el("span", "recorded-verdict");

  /** What there is to say of it, and to do with it, stands in `strip`. */
  constructor(strip: HTMLElement, host: Host) {
    this.#strip = strip;
    this.#host = host;
  }

  /** Shows what a program of these files did; `null` for nothing that is known. */
  show(recording: Recording | null, files: readonly SourceFile[]): void {
    this.#player?.cancel();
    this.#recording = recording;
    this.#program = textOf(files);
    this.#strip.hidden = recording === null;
    if (recording === null) return;
    const { events, report, engine } = recording;
    const host = this.#host;
    const replay = button("plain small", words().replay.idle, () => {
      if (!host.isRunning()) this.#player?.toggle();
    });
    this.#player = new Player(events, report.usage.wall_ms, {
      onStart: host.clear,
      onEvents: host.print,
      onEnd: () => {
        host.end(report);
      },
      onState: (state) => {
        replay.textContent = words().replay[state];
      },
    });
    const text = words().recorded(duration(report.usage.wall_ms));
    const about = el("span", "recorded-words", `${text}${engine === "" ? "" : `, ${engine}`}`);
    this.#verdict.textContent = "";
    this.#strip.replaceChildren(about, this.#verdict, el("span", "grow"), replay);
    host.clear();
    host.print(events);
    host.end(report);
  }

  /** A run of these files begins; of something that was not recorded, where these are `null`. */
  begin(files: readonly SourceFile[] | null): void {
    this.#player?.cancel();
    this.#verdict.textContent = "";
    this.#recorder.begin(files === null ? "" : textOf(files));
  }

  /** It has printed something. */
  events(events: readonly ConsoleEvent[]): void {
    this.#recorder.events(events);
  }

  /** It has ended: says whether it did the same. */
  end(report: RunReport): void {
    this.#recorder.end(report);
    const now = this.#recorder.recording(this.#program, "");
    if (this.#recording === null || now === null) return;
    const difference = firstDifference(this.#recording, now);
    this.#verdict.dataset["same"] = String(difference === null);
    this.#verdict.textContent = difference === null ? words().sameRun : words().otherRun(difference);
    this.#host.announce(this.#verdict.textContent);
  }
}
