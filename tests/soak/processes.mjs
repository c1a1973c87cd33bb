// What a server and the processes that it started take, from /proc.

import { readFileSync, readdirSync } from "node:fs";

/** A file of /proc, or nothing when its process has ended. */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The parents of all processes. */
function parents() {
  const all = new Map();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = read(`/proc/${entry}/stat`);
    // The name, in parentheses, may hold anything.
    if (stat !== "") all.set(Number(entry), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  return all;
}

/** Whether a process is the first one of a PID namespace of its own: a zygote is, where its parent is a warden. */
function isFirst(pid) {
  const ids = (/^NSpid:\s+(.*)$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? "").split(/\s+/);
  return ids.length > 1 && ids.at(-1) === "1";
}

/** Memory of one process in MiB: resident, and its own share of what it has in common with others. */
function memoryOf(pid) {
  const rss = Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;
  const pss = /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
  return { rss, pss: pss === undefined ? rss : Number(pss) / 1024 };
}

/** What the server `pid`, its zygotes and its children take: the number of processes, and their memory in MiB. */
export function processes(pid) {
  const all = parents();
  const roles = new Map();
  const roleOf = (it) => {
    if (!roles.has(it)) {
      const parent = all.get(it);
      let role = null;
      if (parent === pid) role = "zygote";
      else if (parent !== undefined && all.has(parent) && roleOf(parent) !== null) {
        role = all.get(parent) === pid && isFirst(it) ? "zygote" : "children";
      }
      roles.set(it, role);
    }
    return roles.get(it);
  };
  const sum = { server: { count: 1, ...memoryOf(pid) }, zygote: { count: 0, rss: 0, pss: 0 }, children: { count: 0, rss: 0, pss: 0 } };
  for (const it of all.keys()) {
    const role = roleOf(it);
    if (role === null) continue;
    const { rss, pss } = memoryOf(it);
    sum[role].count += 1;
    sum[role].rss += rss;
    sum[role].pss += pss;
  }
  return sum;
}
