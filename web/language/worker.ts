// The worker with the language service: keeps the program's files, fetches the library and modules' types, and
// answers questions one after the other.

import { readList, readTypes } from "./modules.ts";
import { Project, type Library } from "./project.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { answer, wanted } from "./service.ts";

/** What of a worker's global scope is used here. */
const scope = self as unknown as {
  postMessage: (message: FromWorker) => void;
  addEventListener: (type: "message", hear: (event: MessageEvent<ToWorker>) => void) => void;
};

let project: Project | null = null;

/** What came before the library did. */
const early: ToWorker[] = [];

/** Types that were fetched or are on their way, by address. */
const asked = new Set<string>();

scope.addEventListener("message", ({ data }) => {
  if (data.type === "start") void start(data.library, data.modules);
  else if (project === null) early.push(data);
  else hear(project, data);
});

async function start(library: string, modules: string | null): Promise<void> {
  try {
    project = new Project((await fetchJson(library)) as Library);
  } catch (error) {
    scope.postMessage({ type: "failed", message: wordsOf(error) });
    return;
  }
  scope.postMessage({ type: "ready" });
  for (const message of early.splice(0)) hear(project, message);
  if (modules === null) return;
  try {
    project.modules = readList(await fetchJson(modules));
  } catch {
    // Without the list there is only less to complete.
    return;
  }
  scope.postMessage({ type: "learned" });
  learn(project);
}

function hear(on: Project, message: ToWorker): void {
  switch (message.type) {
    case "start":
      break;
    case "files":
      on.update(message.changed, message.removed);
      learn(on);
      break;
    case "call":
      try {
        scope.postMessage({ type: "answer", id: message.id, gives: answer(on, message.call, message.asks) });
      } catch (error) {
        scope.postMessage({ type: "error", id: message.id, message: wordsOf(error) });
      }
  }
}

/** Fetches the types of what the program has come to import. */
function learn(on: Project): void {
  for (const url of wanted(on)) {
    if (asked.has(url)) continue;
    asked.add(url);
    fetchJson(url).then(
      (body) => {
        on.addTypes(readTypes(body));
        scope.postMessage({ type: "learned" });
      },
      () => {
        // The next change asks again.
        asked.delete(url);
      },
    );
  }
}

async function fetchJson(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  return await response.json();
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
