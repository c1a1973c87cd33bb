// A stand-in for the server, for tests of the page alone: serves the built page under the same CSP, and
// speaks the wire as a test tells it to.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

import { WebSocketServer, type WebSocket } from "ws";

import type { ClientMsg, Limits, Outcome, RunReport, ServerMsg } from "../../../web/protocol.ts";
import { root } from "./paths.ts";

/** The scripts and the styles that the editor's page has in itself. */
type Inline = { script: string; early: string; style: string };

const source = (text: string): string => `sha256-${createHash("sha256").update(text).digest("base64")}`;

/** What the real server sends with every page, given what the editor's page has in itself. */
const policyOf = ({ script, early, style }: Inline): string =>
  [
    "default-src 'none'",
    `script-src 'self' '${source(script)}' '${source(early)}'`,
    `style-src 'self' '${source(style)}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "frame-src 'self'",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

/** A request to the API, as the mock's `api` gets it. */
export type Asked = { method: string; path: string; headers: IncomingHttpHeaders; body: string };

const TYPES: Record<string, string> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".png": "image/png",
};

const AXIOS = `export interface AxiosResponse<T = any> { data: T; status: number }
export interface AxiosStatic {
  /** Fetches by GET. */
  get<T = any>(url: string, config?: { timeout?: number }): Promise<AxiosResponse<T>>;
}
declare const axios: AxiosStatic;
export default axios;
export declare const get: AxiosStatic["get"];
`;

/** What programs may import, and the types of it: as the real server answers. */
const answers: Record<string, unknown> = {
  "/api/v1/modules": {
    builtins: [{ name: "node:util" }, { name: "node:events" }],
    packages: [
      { name: "axios", version: "1.0.0", license: "MIT", paths: [], exports: ["get"], types: "/api/v1/modules/types/axios" },
      { name: "lodash", version: "4.0.0", license: "MIT", paths: ["fp"], exports: ["chunk", "debounce"] },
    ],
    globals: ["Temporal"],
  },
  "/api/v1/modules/types/axios": {
    files: { "node_modules/axios/package.json": '{"name": "axios", "types": "index.d.ts"}', "node_modules/axios/index.d.ts": AXIOS },
  },
};

/** The limits that the mock tells. */
export const LIMITS: Limits = {
  wall_ms: 10_000,
  prompt_ms: 120_000,
  cpu_ms: 5_000,
  heap_bytes: 64 << 20,
  buffer_bytes: 64 << 20,
  process_bytes: 256 << 20,
  output_bytes: 1 << 20,
  console_events: 10_000,
};

/** A report of a run that ended with `outcome`. */
export function report(outcome: Outcome, rest: Partial<RunReport> = {}): RunReport {
  return {
    outcome,
    value: null,
    returned: null,
    error: null,
    stopped_at: null,
    usage: {
      wall_ms: 1534,
      prompt_ms: 0,
      cpu_ms: 12,
      heap_bytes: 3_400_000,
      buffer_bytes: 0,
      process_bytes: 41_000_000,
      output_bytes: 1_240,
      console_events: 5,
      limits: LIMITS,
    },
    dropped: { events: 0, bytes: 0 },
    ...rest,
  };
}

/** What a test does with one connection. */
export class Peer {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Sends a message. */
  send(message: ServerMsg): void {
    this.raw(JSON.stringify(message));
  }

  /** Sends anything. */
  raw(text: string): void {
    this.#socket.send(text);
  }

  /** Closes the connection. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }
}

/** What happens on the mock's side when a client sends something. */
export type Script = (message: ClientMsg, peer: Peer) => void;

/** The server. */
export class MockServer {
  /** Every message received, oldest first. */
  readonly received: ClientMsg[] = [];
  /** How many WebSockets were opened. */
  connected = 0;
  /** What answers. */
  script: Script = () => undefined;
  /** Answers requests to the API, if anything does. */
  api: (asked: Asked) => { status: number; json?: unknown } | null = () => null;
  /** Who may show the frame, besides the mock itself. */
  embedders = "";
  /** The page, where it is to be another. */
  page: string | null = null;
  /** What the page at `/s/…` is opened for. */
  snippet: unknown = null;
  /** How often each path was asked for. */
  readonly asked = new Map<string, number>();
  /** Words with which WebSockets are refused, if they are. */
  refusal: string | null = null;
  #http: Server;
  #sockets: WebSocketServer;

  private constructor(http: Server, sockets: WebSocketServer) {
    this.#http = http;
    this.#sockets = sockets;
    sockets.on("connection", (socket) => {
      this.connected += 1;
      const peer = new Peer(socket);
      socket.on("message", (data: Buffer) => {
        const message = JSON.parse(data.toString()) as ClientMsg;
        this.received.push(message);
        this.script(message, peer);
      });
      peer.send({
        type: "hello",
        version: 1,
        engine: "V8 15.0.1",
        limits: LIMITS,
        source_bytes: 256 << 10,
        message_bytes: 64 << 10,
        open_runs: 8,
        paused_ms: 60_000,
      });
    });
  }

  /** Starts one; `port` 0 picks a free one. */
  static async start(port = 0): Promise<MockServer> {
    const dist = path.join(root, "static/dist");
    const manifest = JSON.parse(await readFile(path.join(dist, "manifest.json"), "utf8")) as Record<string, string>;
    const preload = JSON.parse(await readFile(path.join(dist, "preload.json"), "utf8")) as Record<string, string[]>;
    const built = (name: string) => readFile(path.join(dist, manifest[name] ?? ""), "utf8");
    const inline: Inline = { script: await built("theme.js"), early: await built("early.js"), style: await built("main.css") };
    const policyOfAll = policyOf(inline);
    const pages = {
      index: await render("index.html", manifest, preload, inline),
      frame: await render("embed_frame.html", manifest, preload),
      wizard: await render("embed.html", manifest, preload),
    };
    const frame = await renderFrame(manifest);
    let mock: MockServer | null = null;
    const http = createServer((request, response) => {
      const refusal = mock?.refusal ?? null;
      if (refusal !== null && request.url === "/api/v1/ws") {
        refuse(response, refusal);
        return;
      }
      const name = /^\/assets\/([\w.-]+)$/.exec(request.url ?? "")?.[1];
      const where = (request.url ?? "").replace(/\?.*$/, "");
      mock?.asked.set(where, (mock.asked.get(where) ?? 0) + 1);
      const html = (body: string, policy: string) => {
        response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": `${policyOfAll}; ${policy}` });
        response.end(body);
      };
      const json = answers[where];
      if (json !== undefined) {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify(json));
      } else if (where === "/") {
        html(mock?.page ?? pages.index, "frame-ancestors 'none'");
      } else if (where === "/embed") {
        html(pages.wizard, "frame-ancestors 'none'");
      } else if (where === "/embed/frame") {
        html(pages.frame, `frame-ancestors 'self' ${mock?.embedders ?? ""}`);
      } else if (where.startsWith("/s/")) {
        const json = JSON.stringify(mock?.snippet).replaceAll("<", "\\u003c");
        html(pages.index.replace("</body>", `<script type="application/json" id="snippet">${json}</script></body>`), "frame-ancestors 'none'");
      } else if (where === "/embed.js") {
        void readFile(path.join(dist, manifest["embed.js"] ?? "")).then((body) => {
          response.writeHead(200, { "content-type": TYPES[".js"], "cache-control": "public, max-age=300", "cross-origin-resource-policy": "cross-origin" });
          response.end(body);
        });
      } else if (where === "/service-worker.js") {
        void readFile(path.join(dist, manifest["service-worker.js"] ?? "")).then((body) => {
          response.writeHead(200, { "content-type": TYPES[".js"], "cache-control": "no-cache", "content-security-policy": `${policyOfAll}; frame-ancestors 'none'` });
          response.end(body);
        });
      } else if (where === "/display") {
        response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": frame.policy });
        response.end(frame.html);
      } else if (where.startsWith("/api/")) {
        void answerApi(request, response, (asked) => mock?.api(asked) ?? null);
      } else if (name !== undefined && Object.values(manifest).includes(name)) {
        void readFile(path.join(dist, name)).then((body) => {
          const type = TYPES[path.extname(name)] ?? "application/octet-stream";
          response.writeHead(200, { "content-type": type, "cache-control": "public, max-age=31536000, immutable" });
          response.end(body);
        });
      } else {
        response.writeHead(404).end();
      }
    });
    const sockets = new WebSocketServer({
      server: http,
      path: "/api/v1/ws",
      verifyClient: (_: unknown, answer: (accepted: boolean, status?: number) => void) => {
        if ((mock?.refusal ?? null) === null) answer(true);
        else answer(false, 429);
      },
    });
    await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
    mock = new MockServer(http, sockets);
    return mock;
  }

  /** Where it listens. */
  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  /** Address of the page. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Drops every connection without a word, as a crash would. */
  dropConnections(): void {
    for (const client of this.#sockets.clients) client.terminate();
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.dropConnections();
    this.#sockets.close();
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#http.close(() => {
        resolve();
      });
    });
  }
}

/** Answers as the real server does to whoever has too many connections. */
function refuse(response: ServerResponse, detail: string): void {
  response.writeHead(429, { "content-type": "application/problem+json", "retry-after": "30" });
  response.end(JSON.stringify({ type: "about:blank", title: "Too Many Requests", status: 429, detail, retry_after_ms: 30_000 }));
}

/** The document in which HTML is shown, and its policy, as server/http/display.rs makes them. */
async function renderFrame(manifest: Record<string, string>): Promise<{ html: string; policy: string }> {
  const script = await readFile(path.join(root, "static/dist", manifest["frame.js"] ?? ""), "utf8");
  const template = await readFile(path.join(root, "templates/display.html"), "utf8");
  const hash = createHash("sha256").update(script).digest("base64");
  return {
    html: template.replace("{{ script|safe }}", () => script),
    policy: `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts`,
  };
}

/** As much of askama as the page's templates use. */
async function render(template: string, manifest: Record<string, string>, preload: Record<string, string[]>, inline?: Inline): Promise<string> {
  const read = (name: string) => readFile(path.join(root, "templates", name), "utf8");
  const blocks = new Map<string, string>();
  const own = await read(template);
  for (const [, name, body] of own.matchAll(/{% block (\w+) %}([\s\S]*?){% endblock %}/g)) {
    if (name !== undefined && body !== undefined) blocks.set(name, body);
  }
  const page = (own.includes("{% extends") ? await read("base.html") : own)
    .replaceAll(/{% block (\w+) %}([\s\S]*?){% endblock %}/g, (_, name: string, body: string) => blocks.get(name) ?? body)
    .replaceAll(/{% for (\w+) in assets\.preload\("([\w.-]+)"\) %}([\s\S]*?){% endfor %}/g, (_, url: string, name: string, body: string) =>
      (preload[name] ?? []).map((part) => body.replaceAll(`{{ ${url} }}`, `/assets/${part}`)).join(""),
    )
    .replaceAll(/{{ assets\.url\("([\w.-]+)"\) }}/g, (_, name: string) => {
      const hashed = manifest[name];
      if (hashed === undefined) throw new Error(`The templates name an asset that was not built: ${name}`);
      return `/assets/${hashed}`;
    })
    .replace("{{ inline.script|safe }}", () => inline?.script ?? "")
    .replace("{{ inline.early|safe }}", () => inline?.early ?? "")
    .replace("{{ inline.style|safe }}", () => inline?.style ?? "")
    .replaceAll("{{ version }}", "0.0.0")
    .replaceAll("{{ offers }}", "fixtures");
  const made = withoutSnippet(page);
  const left = /{(?:{ |%).*/.exec(made);
  if (left !== null) throw new Error(`${template} says what this does not understand: ${left[0]}`);
  return made;
}

/** A page that shows no snippet: of each condition, which all ask for one, what stands behind `else`. */
function withoutSnippet(page: string): string {
  const innermost = /{% if [^%]*%}((?:(?!{% if )[\s\S])*?){% endif %}/g;
  for (;;) {
    const made = page.replaceAll(innermost, (_, body: string) => body.split("{% else %}")[1] ?? "");
    if (made === page) return made;
    page = made;
  }
}

/** Answers a request to the API as a test says. */
async function answerApi(request: IncomingMessage, response: ServerResponse, api: MockServer["api"]): Promise<void> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  const answer = api({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, body });
  const json = answer?.json ?? { type: "about:blank", title: "Not Found", status: 404, detail: "There is nothing at this address." };
  const status = answer?.status ?? 404;
  response.writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json" });
  response.end(status === 204 ? undefined : JSON.stringify(json));
}
