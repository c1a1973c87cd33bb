// Sharing on the page: the button and its key, and, where a shared program is open, its title, its recorded
// output and whether a run does the same.

import { button, el } from "../dom.ts";
import type { SourceFile } from "../embed/messages.ts";
import type { RunAs } from "../inputs.ts";
import type { ConsoleEvent, Language, RunReport } from "../protocol.ts";
import { words } from "../strings/words.ts";
import { duration } from "../units.ts";
import { fetchRecording } from "./api.ts";
import { firstDifference } from "./compare.ts";
import type { ShareDialog, Shareable } from "./dialog.ts";
import { keyOf } from "./keys.ts";
import { Player } from "./player.ts";
import { Recorder } from "./recorder.ts";
import { decodeSnippet, type Recording, type Snippet } from "./snippet.ts";

/** What sharing needs of the page. */
export type Host = {
  /** The program's files as they are now, the entry first; a program that is no file is called `""`. */
  files: () => SourceFile[];
  /** How it is run; null where that makes no sense yet, of which the visitor is told. */
  as: () => RunAs | null;
  /** What it is written in. */
  language: () => Language;
  /** What runs programs, such as `V8 15.0.1`. */
  engine: () => string;
  announce: (text: string) => void;
  /** Whether a program runs. */
  isRunning: () => boolean;
  /** Empties the console. */
  clear: () => void;
  /** Prints into it. */
  print: (events: ConsoleEvent[]) => void;
  /** Shows a recorded run as the newest, after its `events`, or where these are null what is printed already. */
  show: (events: ConsoleEvent[] | null, report: RunReport) => void;
};

/** The shared program that this page was opened for, if any. */
export function openedSnippet(): Snippet | null {
  const data = document.getElementById("snippet");
  if (!(data instanceof HTMLScriptElement)) return null;
  try {
    return decodeSnippet(JSON.parse(data.textContent));
  } catch {
    return null;
  }
}

/** Files and how they are run as one text, by which a program is known again. */
const textOf = (files: readonly SourceFile[], { mode, export: exported, input, stdin }: RunAs): string =>
  JSON.stringify([files.map(({ name, content }) => [name, content]), mode, exported, input ?? null, stdin ?? []]);

/** Sharing on the page. */
export class SharingOnPage {
  #host: Host;
  #snippet: Snippet | null;
  #recorder = new Recorder();
  /** Loaded when it is first opened. */
  #dialog: Promise<ShareDialog> | null = null;
  #player: Player | null = null;
  #verdict = el("span", "recorded-verdict");
  /** Whether the visitor has run something, which the recorded output must not take the place of. */
  #hasRun = false;

  /** `snippet` is what the page was opened for. */
  constructor(host: Host, share: HTMLButtonElement, snippet: Snippet | null) {
    this.#host = host;
    this.#snippet = snippet;
    share.addEventListener("click", () => {
      this.open();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      // The draft is kept anyway; what a browser would save is a page without its program.
      event.preventDefault();
      this.open();
    });
  }

  /** The program's files as they were shared, where it was. */
  #shared(): string | null {
    return this.#snippet === null ? null : textOf(this.#snippet.files, this.#snippet.as);
  }

  #text(): string | null {
    const as = this.#host.as();
    return as === null ? null : textOf(this.#host.files(), as);
  }

  /** Opens the dialog. */
  open(): void {
    const files = this.#host.files();
    const as = this.#host.as();
    if (as === null) return;
    const text = textOf(files, as);
    const snippet = this.#snippet;
    const token = snippet === null ? null : keyOf(snippet.id);
    const unchanged = snippet !== null && text === this.#shared();
    const output = this.#recorder.recording(text, this.#host.engine()) ?? (unchanged ? snippet.output : null);
    void this.#show({
      source: files.map((file) => file.content).join("\n"),
      files,
      output,
      title: snippet?.title ?? "",
      parent: snippet === null ? null : `${snippet.id}@${snippet.version}`,
      own: snippet === null || token === null ? null : { id: snippet.id, token },
      language: this.#host.language(),
      as,
    });
  }

  async #show(what: Shareable): Promise<void> {
    this.#dialog ??= import("./dialog.ts").then(({ ShareDialog }) => new ShareDialog(this.#host.announce));
    try {
      (await this.#dialog).open(what);
    } catch {
      // Offline, perhaps: the next wish for it tries again.
      this.#dialog = null;
      this.#host.announce(words().shareUnreachable);
    }
  }

  /** Shows the shared program's title in `heading` and, in `strip`, what there is to its recorded output. */
  showSnippet(heading: HTMLElement, strip: HTMLElement): void {
    const snippet = this.#snippet;
    if (snippet === null) return;
    const text = words();
    const title = snippet.title === "" ? text.sharedProgram : snippet.title;
    document.title = `${title} · Mayfly`;
    heading.textContent = snippet.version > 1 ? text.titleVersion(title, snippet.version) : title;
    if (snippet.parent !== null) {
      const from = el("a", "recorded-parent", text.forkedFrom);
      from.href = `/s/${snippet.parent}`;
      heading.append(from);
    }
    heading.classList.add("titled");
    // What the server has put into the console is of the program as it was shared.
    const hasOutput = snippet.output !== null || snippet.outputUrl !== null;
    if (hasOutput && this.#text() !== this.#shared()) this.#host.clear();
    if (snippet.output !== null) this.#showOutput(strip, snippet.output);
    else if (snippet.outputUrl === null) this.#fill(strip, [el("span", "recorded-words", text.noOutput)]);
    else if (snippet.outputIsWrong) this.#showWrong(strip, snippet.outputUrl);
    else void this.#load(strip, snippet.outputUrl);
  }

  /** Puts this into `strip`, and the button to fork at its end. */
  #fill(strip: HTMLElement, about: HTMLElement[], ...buttons: HTMLElement[]): void {
    const fork = button("plain small", words().fork, () => {
      this.open();
    });
    fork.title = words().forkTitle;
    strip.replaceChildren(...about, el("span", "grow"), ...buttons, fork);
    strip.hidden = false;
  }

  /** Says that the output is nothing to show, and where it is. */
  #showWrong(strip: HTMLElement, url: string): void {
    const link = el("a", "recorded-parent", words().outputAsJson);
    link.href = url;
    this.#fill(strip, [el("span", "recorded-words", words().outputWrong), link]);
  }

  /** Gets the recorded output, which may be long, from its own address. */
  async #load(strip: HTMLElement, url: string): Promise<void> {
    const text = words();
    this.#fill(strip, [el("span", "recorded-words", text.outputLoading)]);
    const answer = await fetchRecording(url);
    if ("problem" in answer) {
      const again = button("plain small", text.tryAgain, () => {
        void this.#load(strip, url);
      });
      this.#fill(strip, [el("span", "recorded-words", text.outputFailed)], again);
      this.#host.announce(`${text.outputFailed} ${answer.problem}`);
      return;
    }
    if (this.#snippet !== null) this.#snippet = { ...this.#snippet, output: answer.recording };
    this.#showOutput(strip, answer.recording);
  }

  #showOutput(strip: HTMLElement, output: Recording): void {
    const text = words();
    const replay = button("plain small", text.replay.idle, () => {
      if (!this.#host.isRunning()) this.#player?.toggle();
    });
    const { events, report } = output;
    this.#player = new Player(events, report.usage.wall_ms, {
      onStart: this.#host.clear,
      onEvents: this.#host.print,
      onEnd: () => {
        this.#host.show(null, report);
      },
      onState: (state) => {
        replay.textContent = text.replay[state];
      },
    });
    const recorded = `${text.recorded(duration(report.usage.wall_ms))}${output.engine === "" ? "" : `, ${output.engine}`}`;
    this.#fill(strip, [el("span", "recorded-words", recorded), this.#verdict], replay);
    if (!this.#hasRun && this.#text() === this.#shared()) this.#host.show(events, report);
  }

  /** A run begins: of the program, or of a part of it, which is not what would be shared. */
  begin(isWhole: boolean): void {
    this.#hasRun = true;
    this.#player?.cancel();
    this.#verdict.textContent = "";
    this.#recorder.begin((isWhole ? this.#text() : null) ?? "");
  }

  /** It has printed something. */
  events(events: readonly ConsoleEvent[]): void {
    this.#recorder.events(events);
  }

  /** It has ended. */
  end(report: RunReport): void {
    this.#recorder.end(report);
    const recorded = this.#snippet?.output ?? null;
    const shared = this.#shared();
    if (recorded === null || shared === null || !this.#recorder.has(shared)) return;
    const now = this.#recorder.recording(shared, "");
    if (now === null) return;
    const difference = firstDifference(recorded, now);
    this.#verdict.dataset["same"] = String(difference === null);
    this.#verdict.textContent = difference === null ? words().sameRun : words().otherRun(difference);
    this.#host.announce(this.#verdict.textContent);
  }
}
