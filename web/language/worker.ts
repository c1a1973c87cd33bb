// The worker with the language service: keeps the program's files, fetches the library and modules' types, and
// answers questions one after the other.

import { readGlobals, readList, readTypes } from "./modules.ts";
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

/** Those that are on their way. */
const coming = new Set<Promise<void>>();

/** How long an answer may wait for types that are on their way, in milliseconds. */
const PATIENCE_MS = 1500;

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
  const on = project;
  if (modules !== null) {
    expect(
      fetchJson(modules).then((list) => {
        on.modules = readList(list);
        on.addGlobals(readGlobals(list));
        learn(on);
      }),
    );
  }
  scope.postMessage({ type: "ready" });
  for (const message of early.splice(0)) hear(on, message);
}

/** Lets answers wait for something, and tells when it is there. Without it there is only less to tell. */
function expect(fetching: Promise<void>): void {
  const done = fetching.then(
    () => {
      scope.postMessage({ type: "learned" });
    },
    () => undefined,
  );
  coming.add(done);
  void done.finally(() => {
    coming.delete(done);
  });
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
      if (coming.size === 0) reply(on, message);
      else {
        const late = new Promise((done) => setTimeout(done, PATIENCE_MS));
        void Promise.race([Promise.all(coming), late]).then(() => {
          reply(on, message);
        });
      }
  }
}

function reply(on: Project, { id, call, asks }: Extract<ToWorker, { type: "call" }>): void {
  try {
    scope.postMessage({ type: "answer", id, gives: answer(on, call, asks) });
  } catch (error) {
    scope.postMessage({ type: "error", id, message: wordsOf(error) });
  }
}

/** Fetches the types of what the program has come to import. */
function learn(on: Project): void {
  for (const url of wanted(on)) {
    if (asked.has(url)) continue;
    asked.add(url);
    const fetching = fetchJson(url).then(
      (body) => {
        on.addTypes(readTypes(body));
      },
      (error: unknown) => {
        // The next change asks again.
        asked.delete(url);
        throw error;
      },
    );
    expect(fetching);
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
