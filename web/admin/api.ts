// What the server tells whoever looks after it, and how it is asked. The log-in is a cookie that no script can read.

/** A server that has answered. */
export type Server = {
  id: string;
  host: string;
  version: string;
  since: string;
  now: string;
  drained: boolean;
  leaving: boolean;
  open_runs: number;
  queued_runs: number;
  warm_children: number;
  connections: number;
};

/** A run that is not over. */
export type LiveRun = {
  run_id: string;
  state: "queued" | "running" | "paused";
  age_ms: number;
  address?: string;
  key?: string;
  origins: string[];
  snippet?: string;
};

/** A limit, and how often it was hit. */
export type LimitHits = { name: string; count: number; last?: string; run_id?: string };

/** Mistakes that are alike. */
export type Mistakes = { name: string; message: string; snippet?: string; origins: string[]; count: number; first?: string; last?: string; run_id?: string };

/** What somebody has used, and how much of what is allowed at a time. */
export type Use = {
  name: string;
  runs: number;
  failed: number;
  limited: number;
  turned_away: number;
  cpu_ms: number;
  last?: string;
  quota?: { rate: string; used: number; most: number };
};

/** Somebody from whom nothing is taken. */
export type Block = { id: string; kind: "address" | "origin"; value: string; reason: string; by: string; since: string; until?: string };

/** Something that somebody did. */
export type Act = { number: number; at: string; who: string; address: string; what: string; about: string };

/** A program that did not hold, or what else an attestation found. */
export type Finding = { what: string; outcome: string; detail: string };

/** The last report of `mayfly attest`, in short. */
export type Attestation = {
  done: string;
  target: string;
  outcome: "held" | "reached" | "incomplete";
  attested_by: string;
  version: string;
  kernel: string;
  programs: number;
  reached: number;
  unproven: number;
  not_run: number;
  exits: number;
  harmed: number;
  findings: Finding[];
};

/** What goes on at one server, and what is ordered at all. */
export type Overview = {
  server: Server;
  runs: LiveRun[];
  limits: LimitHits[];
  errors: Mistakes[];
  origins: Use[];
  keys: Use[];
  clients: Use[];
  blocks: Block[];
  acts: Act[];
  store_problem?: string;
  attestation?: Attestation;
  attestation_problem?: string;
  you: { name: string; address: string; until?: string };
};

/** The server said no. */
export class Refused extends Error {
  /** The status of its answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Asks the API, and gives what it answers. Throws what it says when it does not. */
export async function ask<Answer>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`/api/v1/admin/${path}`, {
    method,
    cache: "no-store",
    credentials: "same-origin",
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer: unknown = text === "" ? null : JSON.parse(text);
  if (response.ok) return answer as Answer;
  const says = typeof answer === "object" && answer !== null && "detail" in answer && typeof answer.detail === "string";
  throw new Refused(response.status, says ? String(answer.detail) : response.statusText);
}
