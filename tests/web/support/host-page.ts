// Somebody else's site: pages on an origin of their own, under a content security policy of their own.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A site with pages by path. */
export class HostSite {
  /** Markup of the pages' bodies, by path. */
  readonly pages = new Map<string, string>();
  /** The policy of all pages; empty for none. */
  policy = "";
  readonly #http: Server;

  private constructor(http: Server) {
    this.#http = http;
    http.on("request", (request, response) => {
      const body = this.pages.get(request.url ?? "");
      if (body === undefined) {
        // The browser asks for an icon on its own.
        response.writeHead(request.url === "/favicon.ico" ? 204 : 404).end();
        return;
      }
      const policy = this.policy === "" ? {} : { "content-security-policy": this.policy };
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...policy });
      response.end(`<!doctype html><html lang="en"><head><title>A host</title><meta charset="utf-8"></head><body>${body}</body></html>`);
    });
  }

  /** Starts one on a free port. */
  static async start(): Promise<HostSite> {
    const http = createServer();
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    return new HostSite(http);
  }

  /** Another site than 127.0.0.1, not only another port: the browser gives frames in it a process of their own. */
  get origin(): string {
    return `http://localhost:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#http.close(() => {
        resolve();
      });
    });
  }
}
