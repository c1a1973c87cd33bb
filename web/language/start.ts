// Starts the language service. Everything that it brings along is loaded with this file, and only then.

import type { Extension, Text } from "@codemirror/state";

import { assetUrl } from "../assets.ts";
import { Client, type ClientEvents, type Post } from "./client.ts";
import { assistance, lookAgain, type Page } from "./extensions.ts";

export { goToDefinition, isIdentifier, renameAt } from "./extensions.ts";

/** Where the modules are listed that programs may import. */
const MODULES = "/api/v1/modules";

/** The service, running. */
export type Running = { client: Client; page: Page; extension: Extension; lookAgain: typeof lookAgain };

/** Starts the worker, and makes the extension that uses it. */
export function start(docs: () => { name: string; doc: Text }[], events: ClientEvents, page: Omit<Page, "client">): Running {
  const worker = new Worker(assetUrl("language-worker.js"), { name: "language" });
  const client = new Client(worker as unknown as Post, docs, events);
  client.start(assetUrl("language-library.json"), MODULES);
  const whole: Page = { ...page, client };
  return { client, page: whole, extension: assistance(whole), lookAgain };
}
