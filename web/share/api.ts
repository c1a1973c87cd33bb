// The server's snippets: getting, making, changing, deleting them. Whatever goes wrong comes back as a sentence.

import { decodeRecording, decodeSnippet, encodeRecording, type Recording, type Snippet } from "./snippet.ts";
import type { SourceFile } from "../embed/messages.ts";
import type { RunAs } from "../inputs.ts";
import { words } from "../strings/words.ts";

const SNIPPETS = "/api/v1/snippets";

/** A sentence for a person. */
export type Failed = { problem: string };

/** What of the server has no room for what is shared. */
const FULL = ["client", "network", "store"] as const;

/** What is shared. */
export type Sharing = {
  title: string;
  files: SourceFile[];
  language: string;
  as: RunAs;
  output: Recording | null;
  /** Seconds; `null` for as long as the server keeps it. */
  expiresIn: number | null;
  parent: string | null;
};

/** What came of sharing. `token` is what deletes or changes it, and is told only when it is made. */
export type Shared = {
  id: string;
  url: string;
  version: number;
  token: string;
  /** How many days it stays without being opened, where the server says so. */
  unopenedDays: number | null;
};

/** The snippet with this id (with or without `@version`). */
export async function fetchSnippet(id: string): Promise<{ snippet: Snippet } | Failed> {
  const answer = await ask(`${SNIPPETS}/${id}`, {});
  if ("problem" in answer) return answer;
  const snippet = decodeSnippet(answer.json);
  return snippet === null ? unreadable() : { snippet };
}

/** The recording at this address. */
export async function fetchRecording(url: string): Promise<{ recording: Recording } | Failed> {
  const answer = await ask(url, {});
  if ("problem" in answer) return answer;
  const recording = decodeRecording(answer.json);
  return recording === null ? unreadable() : { recording };
}

/** Shares a program. */
export async function createSnippet(sharing: Sharing): Promise<{ shared: Shared } | Failed> {
  const { expiresIn, parent } = sharing;
  const body = {
    ...content(sharing),
    ...(expiresIn === null ? {} : { expires_in: expiresIn }),
    ...(parent === null ? {} : { parent }),
  };
  return shared(await ask(SNIPPETS, { method: "POST", headers: JSON_HEADERS, body: JSON.stringify(body) }));
}

/** Makes a new version of a shared program. */
export async function reviseSnippet(id: string, token: string, sharing: Sharing): Promise<{ shared: Shared } | Failed> {
  // What is absent would stay as it was.
  const { export: exported = null, input = null, stdin = null } = sharing.as;
  const body = JSON.stringify({ ...content(sharing), export: exported, input, stdin, title: sharing.title === "" ? null : sharing.title });
  const headers = { ...JSON_HEADERS, authorization: `Bearer ${token}` };
  return shared(await ask(`${SNIPPETS}/${id}`, { method: "PATCH", headers, body }));
}

/** Deletes a shared program; `null` when that worked. */
export async function deleteSnippet(id: string, token: string): Promise<Failed | null> {
  const answer = await ask(`${SNIPPETS}/${id}`, { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
  return "problem" in answer ? answer : null;
}

const JSON_HEADERS = { "content-type": "application/json" };

function content({ title, files, language, as, output }: Sharing): object {
  const [first] = files;
  return {
    ...(title === "" ? {} : { title }),
    ...(files.length === 1 && first?.name === "" ? { source: first.content } : { files, entry: first?.name }),
    language,
    ...as,
    ...(output === null ? {} : { output: encodeRecording(output) }),
  };
}

function shared(answer: { json: unknown } | Failed): { shared: Shared } | Failed {
  if ("problem" in answer) return answer;
  const json = answer.json as Partial<Record<string, unknown>> | null;
  const { id, url, version, deletion_token: token, unopened_seconds: unopened } = json ?? {};
  if (typeof id !== "string" || typeof url !== "string") return unreadable();
  return {
    shared: {
      id,
      url,
      version: typeof version === "number" ? version : 1,
      token: typeof token === "string" ? token : "",
      unopenedDays: typeof unopened === "number" && unopened >= 86_400 ? Math.floor(unopened / 86_400) : null,
    },
  };
}

function unreadable(): Failed {
  return { problem: words().shareUnreadable };
}

type Asked = { method?: string; headers?: Record<string, string>; body?: string };

async function ask(url: string, init: Asked): Promise<{ json: unknown } | Failed> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers: { accept: "application/json", ...init.headers }, cache: "no-store" });
  } catch {
    return { problem: words().shareUnreachable };
  }
  const json: unknown = response.status === 204 ? null : await response.json().catch(() => undefined);
  if (response.ok) return json === undefined ? unreadable() : { json };
  const full = typeof json === "object" && json !== null && "full" in json ? FULL.find((name) => name === json.full) : undefined;
  if (full !== undefined) return { problem: words().shareFull[full] };
  const detail = typeof json === "object" && json !== null && "detail" in json ? json.detail : undefined;
  if (typeof detail === "string" && detail !== "") return { problem: detail };
  return { problem: words().shareStatus(response.status) };
}
