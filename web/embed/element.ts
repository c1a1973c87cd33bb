// <mayfly-editor>: shows its code as text at once, and in place of that, once it is scrolled near, a frame with an
// editor. Long because it is the one class there is; what can be told apart from it is in the files beside.

import { codeHeight, frameHeight, linesHeight } from "./height.ts";
import {
  ATTRIBUTES,
  MAX_FILES,
  TOKENS,
  isOpening,
  opening,
  readFromFrame,
  type Look,
  type Program,
  type Result,
  type ToFrame,
} from "./messages.ts";
import { readProgram } from "./source.ts";

/** How near an editor must be to what is in sight before it is loaded. */
const NEAR = "500px";

/** How long a frame may take to say hello once the browser calls it loaded, and in all, in milliseconds. */
const HELLO_MS = 4_000;
const LOAD_MS = 30_000;

const SANDBOX = "allow-forms allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox";

const NAME = "mayfly-editor";

// Needs no `style-src`: a constructed style sheet is none of the page's inline styles.
const CSS = `
:host { display: block; overflow: hidden; border: 1px solid var(--mayfly-line, light-dark(#dedacd, #283135)); border-radius: 10px; color-scheme: light dark; }
:host([hidden]), :host([for]) { display: none; }
:host([theme=light]) { color-scheme: light; }
:host([theme=dark]) { color-scheme: dark; }
.box { position: relative; overflow: hidden; background: var(--mayfly-surface, light-dark(#fdfcf8, #151b1e)); }
pre { box-sizing: border-box; height: 100%; margin: 0; padding: 56px 16px 12px 52px; overflow: auto; color: var(--mayfly-text, light-dark(#1c2426, #e5e6de)); font: 13.5px/1.6 var(--mayfly-code-font, ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace); tab-size: 4; }
iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; opacity: 0; color-scheme: inherit; }
.ready iframe { opacity: 1; }
.ready pre { visibility: hidden; }
p { position: absolute; inset: auto 0 0; margin: 0; padding: 8px 16px; color: light-dark(#7d5200, #f0bd62); background: light-dark(#fcf1d9, #2b2313); font: 13px/1.5 system-ui, sans-serif; }
@media (max-width: 760px) { pre { font-size: 16px; line-height: 1.5; } }
`;

let host = "";
let sheet: CSSStyleSheet | undefined;
const all = new Set<MayflyEditor>();
let near: IntersectionObserver | undefined;

/** An editor on a page. */
export class MayflyEditor extends HTMLElement {
  static readonly observedAttributes = [...ATTRIBUTES, "theme", "after"];

  #box = document.createElement("div");
  #pre = document.createElement("pre");
  #frame: HTMLIFrameElement | null = null;
  #port: MessagePort | null = null;
  #program: Program | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #look = "";
  /** Set when the program must run as soon as there is an editor. */
  #runs = false;
  #waiting: ((result: Result) => void)[] = [];
  #stale = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    if (sheet === undefined) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
    }
    root.adoptedStyleSheets = [sheet];
    this.#box.className = "box";
    this.#pre.setAttribute("part", "code");
    this.#pre.tabIndex = 0;
    this.#box.append(this.#pre);
    root.append(this.#box);
  }

  /** Runs the program, loading the editor before if need be; the promise gives the result. */
  run(): Promise<Result> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#runs = true;
      this.#load();
      this.#runNow();
    });
  }

  /** Stops the program. */
  stop(): void {
    this.#runs = false;
    this.#send({ type: "stop" });
  }

  /** The program, or the file called `name`, as it is now. */
  getSource(name?: string): string {
    return this.#file(name)?.content ?? "";
  }

  /** Replaces the program, or the file called `name`; the visitor can undo it. */
  setSource(source: string, name?: string): void {
    const file = this.#file(name);
    if (file === undefined) throw new RangeError(`This editor has no file called ${String(name)}.`);
    file.content = source;
    this.#pre.textContent = this.getSource();
    this.#send({ type: "source", file });
    this.#fit();
    tellLaterOnes();
  }

  connectedCallback(): void {
    if (this.hasAttribute("for")) {
      whenParsed(() => {
        enhance(this);
      });
      return;
    }
    all.add(this);
    // A parser may not have come to the children yet. What is painted meanwhile has its room already.
    this.#preview();
    whenParsed(() => {
      if (!this.isConnected) return;
      this.#show();
      if (this.#port !== null || this.#frame !== null) return;
      if (this.getAttribute("autorun") === "load") this.#load();
      else observeNear(this);
    });
  }

  disconnectedCallback(): void {
    all.delete(this);
    near?.unobserve(this);
    clearTimeout(this.#timer);
    // Whoever takes a frame out of a page unloads it.
    this.#port?.close();
    this.#port = null;
    this.#frame?.remove();
    this.#frame = null;
    this.#box.classList.remove("ready");
  }

  attributeChangedCallback(): void {
    if (this.#stale || this.#program === null) return;
    this.#stale = true;
    queueMicrotask(() => {
      this.#stale = false;
      this.#fit();
      this.#set();
      this.look();
      this.#send({ type: "before", code: this.#before() });
    });
  }

  /** The editor has come near. @internal */
  appear(): void {
    this.#load();
  }

  /** Whether the frame with this window is this editor's. @internal */
  owns(source: MessageEventSource | null): boolean {
    return source !== null && this.#frame?.contentWindow === source;
  }

  /** The frame has said hello: gives it its end of a channel, and what it begins with. @internal */
  meet(): void {
    const window = this.#frame?.contentWindow;
    if (!window) return;
    clearTimeout(this.#timer);
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = (event: MessageEvent<unknown>) => {
      if (this.#port === port1) this.#receive(event.data);
    };
    window.postMessage(opening("connect"), host, [port2]);
    this.#look = "";
    this.look();
    this.#send({ type: "before", code: this.#before() });
    this.#set();
    this.#send({ type: "program", program: this.#read() });
  }

  /** Tells the frame how to look, if that has changed. @internal */
  look(): void {
    const style = getComputedStyle(this);
    const tokens: Record<string, string> = {};
    for (const name of TOKENS) {
      const value = style.getPropertyValue(name).trim();
      if (value !== "") tokens[name] = value;
    }
    const chosen = this.getAttribute("theme") ?? "auto";
    // A page that has settled on a scheme, whatever the system's, has it here.
    const scheme = style.getPropertyValue("--mayfly-theme").trim();
    const look: Look = { theme: chosen === "auto" && scheme !== "" ? scheme : chosen, tokens };
    const text = JSON.stringify(look);
    if (text === this.#look || this.#port === null) return;
    this.#look = text;
    this.#send({ type: "look", look });
  }

  /** Tells the frame what comes before its program. @internal */
  follow(): void {
    if (this.hasAttribute("after")) this.#send({ type: "before", code: this.#before() });
  }

  #preview(): void {
    if (document.readyState !== "loading" || !this.isConnected) return;
    this.#show();
    this.#program = null;
    requestAnimationFrame(() => {
      this.#preview();
    });
  }

  #file(name?: string) {
    const { files } = this.#read();
    return name === undefined ? files[0] : files.find((file) => file.name === name);
  }

  #read(): Program {
    return (this.#program ??= readProgram(this));
  }

  /** Shows the code as text. */
  #show(): void {
    const label = this.getAttribute("label") ?? "Code";
    this.#pre.setAttribute("role", "region");
    this.#pre.setAttribute("aria-label", label);
    this.#pre.textContent = this.getSource();
    this.#fit();
  }

  /** Gives the box its height: the one asked for, or what the code needs. */
  #fit(): void {
    const asked = this.getAttribute("height") ?? "auto";
    if (asked !== "auto") {
      this.#box.style.height = /^\d+$/.test(asked) ? `${asked}px` : asked;
      return;
    }
    const { files } = this.#read();
    const lines = this.getSource().split("\n").length;
    const kind = this.getAttribute("console");
    const shape = {
      console: kind === "closed" || kind === "only" ? kind : "open",
      bar: !(this.getAttribute("hide") ?? "").split(/[\s,]+/).includes("bar"),
      tabs: files.length > 1,
    } as const;
    const width = this.clientWidth;
    this.#box.style.height = `${frameHeight(codeHeight(linesHeight(lines, width), width), shape)}px`;
  }

  #load(): void {
    if (this.#frame !== null || !this.isConnected) return;
    near?.unobserve(this);
    const frame = document.createElement("iframe");
    frame.src = `${host}/embed/frame`;
    frame.title = this.getAttribute("label") ?? "Code editor";
    frame.allow = "clipboard-write";
    // It never takes the page elsewhere. (Where both are of one origin this would be no bar, and browsers say so.)
    if (host !== location.origin) frame.setAttribute("sandbox", SANDBOX);
    this.#wait(LOAD_MS);
    // Also when what was loaded is the browser's word that it may not be shown here.
    frame.addEventListener("load", () => {
      if (this.#port === null) this.#wait(HELLO_MS);
    });
    this.#frame = frame;
    this.#box.append(frame);
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#fail(`The editor did not load: ${host} can't be reached, or does not let this page show it.`);
    }, ms);
  }

  /** The code stays, as text. */
  #fail(message: string): void {
    this.#frame?.remove();
    const note = document.createElement("p");
    note.textContent = message;
    note.setAttribute("role", "status");
    this.#box.append(note);
    this.#tell("error", { message });
    this.#end({ outcome: "not_run", part: "", message, value: null, line: 0, column: 0, wall_ms: 0, cpu_ms: 0 });
  }

  #set(): void {
    const attributes: Record<string, string> = {};
    for (const name of ATTRIBUTES) {
      const value = this.getAttribute(name);
      if (value !== null) attributes[name] = value;
    }
    this.#send({ type: "set", attributes });
  }

  #send(message: ToFrame): void {
    this.#port?.postMessage(message);
  }

  #runNow(): void {
    if (!this.#runs || this.#port === null || !this.#box.classList.contains("ready")) return;
    this.#runs = false;
    this.#send({ type: "run" });
  }

  #receive(raw: unknown): void {
    const message = readFromFrame(raw);
    switch (message?.type) {
      case "ready":
        this.#box.classList.add("ready");
        this.#pre.tabIndex = -1;
        this.#pre.setAttribute("aria-hidden", "true");
        this.#tell("ready", {});
        this.#runNow();
        break;
      case "height":
        if ((this.getAttribute("height") ?? "auto") === "auto") this.#box.style.height = `${message.px}px`;
        break;
      case "source": {
        const { files } = this.#read();
        const at = files.findIndex(({ name }) => name === message.file.name);
        if (at >= 0) files[at] = message.file;
        // A stored program's files come from the frame.
        else if (this.hasAttribute("snippet") && files.length < MAX_FILES) {
          if (files[0]?.name === "") files.shift();
          files.push(message.file);
        }
        tellLaterOnes();
        break;
      }
      case "run":
        this.#tell("run", { source: this.getSource() });
        break;
      case "console":
        this.#tell("console", { lines: message.lines });
        break;
      case "result":
        this.#end(message.result);
        break;
      case undefined:
        break;
    }
  }

  #end(result: Result): void {
    this.#tell("result", result);
    for (const resolve of this.#waiting.splice(0)) resolve(result);
  }

  #tell(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** The code of the editors that this one builds on, first ones first. */
  #before(after = new Set<MayflyEditor>([this])): string {
    const id = this.getAttribute("after");
    if (id === null || id === "") return "";
    const earlier = (this.getRootNode() as Document).getElementById(id);
    if (!(earlier instanceof MayflyEditor)) return complaint(`There is no <${NAME}> with the id ${id}, which is to run before this one.`);
    if (after.has(earlier)) return complaint(`The <${NAME}> with the id ${id} is to run before itself.`);
    after.add(earlier);
    return [earlier.#before(after), earlier.#read().setup, earlier.getSource()].filter((code) => code.trim() !== "").join("\n;\n");
  }
}

/** A program that says what is wrong with the page. */
function complaint(message: string): string {
  return `throw new Error(${JSON.stringify(message)});`;
}

/** An editor's code has changed: those that build on it have to know. */
function tellLaterOnes(): void {
  for (const editor of all) editor.follow();
}

function whenParsed(act: () => void): void {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", act, { once: true });
  else act();
}

function observeNear(editor: MayflyEditor): void {
  near ??= new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (isIntersecting && target instanceof MayflyEditor) target.appear();
      }
    },
    { rootMargin: NEAR },
  );
  near.observe(editor);
}

/** Puts an editor, with the attributes of `like`, in the place of every block of code that `like` is for. */
function enhance(like: MayflyEditor): void {
  for (const found of document.querySelectorAll(like.getAttribute("for") ?? "")) {
    const block = found.closest("pre") ?? found;
    if (block.closest(NAME) !== null) continue;
    const editor = document.createElement(NAME);
    for (const { name, value } of like.attributes) {
      if (name !== "for" && name !== "id") editor.setAttribute(name, value);
    }
    const language = /(?:^|\s)lang(?:uage)?-(\w+)/.exec(`${found.className} ${block.className}`)?.[1];
    if (language !== undefined && !editor.hasAttribute("language")) editor.setAttribute("language", language);
    if (block.id !== "") {
      editor.id = block.id;
      block.removeAttribute("id");
    }
    // An editor reads its children when it comes into the page, so they have to be there by then.
    const place = document.createComment("");
    block.replaceWith(place);
    editor.append(block);
    place.replaceWith(editor);
  }
}

/** Defines the element, with the frames that `from` (an address of the server, such as that of embed.js) serves. */
export function define(from: string): void {
  if (customElements.get(NAME) !== undefined) return;
  host = new URL(from).origin;
  addEventListener("message", (event: MessageEvent<unknown>) => {
    if (event.origin !== host || !isOpening(event.data, "hello")) return;
    for (const editor of all) if (editor.owns(event.source)) editor.meet();
  });
  const look = () => {
    for (const editor of all) editor.look();
  };
  // Pages change their theme by an attribute up here, or the system does.
  new MutationObserver(look).observe(document.documentElement, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look);
  customElements.define(NAME, MayflyEditor);
}
