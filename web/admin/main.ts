// The page of whoever looks after the server: what goes on, who uses how much, whom to block.
//
// Each server tells of itself. Behind a balancer this page is answered now by one and now by another, so it keeps what
// each has said, and shows all of it.

import { byId } from "../dom.ts";
import { SettingsStore } from "../settings.ts";
import { adminWords } from "../strings/admin.ts";
import { currentLocale, translatePage, useLocale } from "../strings/words.ts";
import { themeChoice } from "../theme-choice.ts";
import { count, duration } from "../units.ts";
import { ask, Refused, type Act, type Overview, type Use } from "./api.ts";
import { Table, type Row } from "./table.ts";

/** How often the server is asked, in milliseconds. */
const EVERY_MS = 2_000;
/** What a server has said is shown for so long. */
const STALE_MS = 30_000;

await useLocale(new SettingsStore().now.locale);
const text = adminWords[currentLocale()];
translatePage(document, text);
themeChoice(byId("theme", HTMLButtonElement));

const problem = byId("problem", HTMLElement);
const live = byId("live", HTMLElement);
const logIn = byId("log-in", HTMLFormElement);
const key = byId("key", HTMLInputElement);
const parts = byId("parts", HTMLElement);
const logOut = byId("log-out", HTMLButtonElement);
const block = byId("block", HTMLFormElement);
const kind = byId("kind", HTMLSelectElement);
const value = byId("value", HTMLInputElement);
const older = byId("older", HTMLButtonElement);

const place = (id: string) => byId(id, HTMLElement);
const findings = new Table(place("findings"), [text.what, text.result, text.about], "");
const uses = [text.name, text.runsCount, text.failed, text.overLimits, text.turnedAway, text.cpu, text.used, text.last];
const tables = {
  servers: new Table(place("servers"), [text.server, text.state, text.openRuns, text.queuedRuns, text.connections, text.since], text.none),
  runs: new Table(place("runs"), [text.run, text.state, text.age, text.from, text.sites, text.snippet, text.server], text.noRuns),
  blocks: new Table(place("blocked"), [text.whom, text.until, text.reasonShort, text.by], text.noBlocks),
  attestation: new Table(place("attestation"), [text.when, text.result, text.programs, text.reached, text.exits, text.harmed, text.server, text.state], text.noAttestation),
  limits: new Table(place("limits"), [text.limit, text.times, text.last, text.lastRun], text.none),
  errors: new Table(place("errors"), [text.error, text.snippet, text.sites, text.times, text.last, text.lastRun], text.none),
  origins: new Table(place("origins"), uses, text.none),
  keys: new Table(place("keys"), uses, text.noKeys),
  clients: new Table(place("clients"), uses, text.none),
  acts: new Table(place("acts"), [text.when, text.who, text.from, text.what, text.about], text.none),
};

/** What each server has said, and when. */
const said = new Map<string, { overview: Overview; at: number }>();
let olderActs: Act[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

const when = (time: string | undefined) => (time === undefined ? "" : new Date(time).toLocaleString(currentLocale()));
const listed = (items: readonly string[]) => items.join(", ");

/** Does something, and says when it does not work. */
async function attempt(work: () => Promise<string | undefined>): Promise<void> {
  try {
    const done = await work();
    problem.hidden = true;
    if (done !== undefined) live.textContent = done;
  } catch (error) {
    if (error instanceof Refused && error.status === 401) {
      askForKey();
      return;
    }
    problem.textContent = error instanceof Refused ? error.message : text.noAnswer;
    problem.hidden = false;
  }
}

function askForKey(): void {
  clearTimeout(timer);
  said.clear();
  olderActs = [];
  parts.hidden = true;
  logOut.hidden = true;
  logIn.hidden = false;
  key.focus();
}

/** Asks the server what goes on, and asks again in a while. */
async function refresh(): Promise<void> {
  clearTimeout(timer);
  await attempt(async () => {
    const overview = await ask<Overview>("GET", "overview");
    said.set(overview.server.id, { overview, at: Date.now() });
    logIn.hidden = true;
    parts.hidden = false;
    logOut.hidden = false;
    logOut.title = text.loggedInAs(overview.you.name);
    show(overview);
    return undefined;
  });
  if (logIn.hidden) timer = setTimeout(() => void refresh(), EVERY_MS);
}

function show(newest: Overview): void {
  const now = Date.now();
  for (const [id, { at }] of said) if (now - at > STALE_MS) said.delete(id);
  const all = [...said.values()].map(({ overview }) => overview).sort((one, other) => one.server.host.localeCompare(other.server.host) || one.server.id.localeCompare(other.server.id));
  tables.servers.show(all.map(({ server }) => ({
    key: server.id,
    cells: [
      `${server.host} (${server.version})`,
      server.leaving ? text.leaving : server.drained ? text.drained : text.serving,
      count(server.open_runs),
      count(server.queued_runs),
      count(server.connections),
      when(server.since),
    ],
    act: {
      label: server.drained ? text.resume : text.drain,
      name: `${server.drained ? text.resume : text.drain}: ${server.host}`,
      run: () => void attempt(async () => {
        await ask("POST", "drain", { drained: !server.drained, server: server.id });
        void refresh();
        return server.drained ? text.resumed : text.isDrained;
      }),
    },
  })));
  tables.runs.show(all.flatMap(({ server, runs }) => runs.map((run) => ({
    key: `${server.id} ${run.run_id} ${run.address ?? ""}`,
    cells: [run.run_id, text.states[run.state], duration(run.age_ms), listed([run.key ?? "", run.address ?? ""].filter((it) => it !== "")), listed(run.origins), run.snippet ?? "", server.host],
    act: {
      label: text.stop,
      name: `${text.stop}: ${run.run_id}`,
      run: () => void attempt(async () => {
        await ask("POST", `runs/${run.run_id}/stop`);
        void refresh();
        return text.stopped;
      }),
    },
  }))));
  tables.blocks.show(newest.blocks.map((it) => ({
    key: it.id,
    cells: [it.value, it.until === undefined ? text.forGood : when(it.until), it.reason, it.by],
    act: {
      label: text.unblock,
      name: `${text.unblock}: ${it.value}`,
      run: () => void attempt(async () => {
        await ask("DELETE", `blocks/${it.id}`);
        void refresh();
        return text.unblocked;
      }),
    },
  })));
  showAttestations(all);
  const limitName = (name: string) => (Object.hasOwn(text.limitNames, name) ? text.limitNames[name as keyof typeof text.limitNames] : name);
  tables.limits.show(all.flatMap(({ server, limits }) => limits.map((it) => ({
    key: `${server.id} ${it.name}`,
    cells: [limitName(it.name), count(it.count), when(it.last), it.run_id ?? ""],
  }))));
  tables.errors.show(all.flatMap(({ server, errors }) => errors.map((it) => ({
    key: JSON.stringify([server.id, it.name, it.message, it.snippet]),
    cells: [`${it.name}: ${it.message}`, it.snippet ?? "", listed(it.origins), count(it.count), when(it.last), it.run_id ?? ""],
  }))));
  tables.origins.show(all.flatMap(({ server, origins }) => origins.map((it) => used(server.id, it, "origin"))));
  tables.keys.show(all.flatMap(({ server, keys }) => keys.map((it) => used(server.id, it, null))));
  tables.clients.show(all.flatMap(({ server, clients }) => clients.map((it) => used(server.id, it, "address"))));
  showActs(newest.acts);
  if (newest.store_problem !== undefined) {
    problem.textContent = text.storeProblem(newest.store_problem);
    problem.hidden = false;
  }
}

/** What `mayfly attest` found of each server, and below it what did not hold. */
function showAttestations(all: readonly Overview[]): void {
  const known = all.flatMap(({ server, attestation, attestation_problem }) => [{ server, attestation, problem: attestation_problem }]);
  tables.attestation.show(known.flatMap(({ server, attestation: it, problem: why }) => {
    if (it === undefined) return why === undefined ? [] : [{ key: server.id, cells: ["", why, "", "", "", "", server.host, ""] }];
    const cells = [when(it.done), text.results[it.outcome], `${count(it.programs)} (${it.attested_by})`, `${count(it.reached)} + ${count(it.unproven)}`, count(it.exits), count(it.harmed), it.target, `${it.version}, ${it.kernel}`];
    return [{ key: server.id, cells }];
  }));
  const found = known.flatMap(({ server, attestation }) => (attestation?.findings ?? []).map((it, index) => ({
    key: `${server.id} ${index}`,
    cells: [it.what, Object.hasOwn(text.results, it.outcome) ? text.results[it.outcome as keyof typeof text.results] : it.outcome, it.detail],
  })));
  findings.show(found);
  place("findings").hidden = found.length === 0;
}

/** What somebody has used, as a row with a button that gets the form for a block ready. */
function used(server: string, it: Use, blocks: "address" | "origin" | null): Row {
  const quota = it.quota === undefined ? text.noQuota : `${count(it.quota.used)} / ${count(it.quota.most)} (${it.quota.rate})`;
  const row = {
    key: `${server} ${it.name}`,
    cells: [it.name, count(it.runs), count(it.failed), count(it.limited), count(it.turned_away), duration(it.cpu_ms), quota, when(it.last)],
  };
  if (blocks === null) return row;
  const act = {
    label: text.toBlock,
    name: `${text.toBlock}: ${it.name}`,
    run: () => {
      kind.value = blocks;
      value.value = it.name;
      byId("reason", HTMLInputElement).focus();
    },
  };
  return { ...row, act };
}

function showActs(newest: readonly Act[]): void {
  const known = new Set(newest.map(({ number }) => number));
  const all = [...newest, ...olderActs.filter(({ number }) => !known.has(number))];
  const what = (act: Act) => (Object.hasOwn(text.actNames, act.what) ? text.actNames[act.what as keyof typeof text.actNames] : act.what);
  tables.acts.show(all.map((act) => ({ key: String(act.number), cells: [when(act.at), act.who, act.address, what(act), act.about] })));
  older.hidden = (all.at(-1)?.number ?? 1) <= 1;
}

logIn.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(async () => {
    try {
      await ask("POST", "session", { key: key.value });
    } catch (error) {
      // Not the answer of somebody who has to log in first.
      throw error instanceof Refused && error.status === 401 ? new Refused(400, error.message) : error;
    } finally {
      key.value = "";
    }
    await refresh();
    byId("servers-title", HTMLElement).focus();
    return text.isLoggedIn;
  });
});
logOut.addEventListener("click", () => {
  void attempt(async () => {
    await ask("DELETE", "session");
    askForKey();
    return text.isLoggedOut;
  });
});
block.addEventListener("submit", (event) => {
  event.preventDefault();
  const data = new FormData(block);
  const field = (name: string) => {
    const given = data.get(name);
    return typeof given === "string" ? given : "";
  };
  const time = field("time");
  void attempt(async () => {
    await ask("POST", "blocks", { kind: field("kind"), value: field("value"), reason: field("reason"), ...(time === "" ? {} : { expires_in: Number(time) }) });
    value.value = "";
    void refresh();
    return text.isBlocked;
  });
});
kind.addEventListener("change", () => {
  value.placeholder = kind.value === "origin" ? "https://example.org" : "192.0.2.0/24";
});
older.addEventListener("click", () => {
  void attempt(async () => {
    const newest = [...said.values()].at(-1)?.overview.acts ?? [];
    const last = (olderActs.at(-1) ?? newest.at(-1))?.number ?? 0;
    const { acts } = await ask<{ acts: Act[] }>("GET", `acts?before=${last}`);
    olderActs.push(...acts);
    showActs(newest);
    return undefined;
  });
});
document.addEventListener("visibilitychange", () => {
  // Nobody looks: nothing is asked.
  if (document.hidden) clearTimeout(timer);
  else if (logIn.hidden) void refresh();
});
void refresh();
