// What the kernel says of a process and its descendants.

import { readFileSync, readdirSync } from "node:fs";

const TICKS_PER_SECOND = 100; // USER_HZ, which Linux has fixed for /proc

const read = (file) => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // ended meanwhile
  }
};

/** All processes: parent, and CPU time in seconds, that of its reaped children included. */
function processes() {
  const all = new Map();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = read(`/proc/${entry}/stat`);
    if (!stat) continue;
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    all.set(Number(entry), { parent: Number(fields[1]), cpu: ticks / TICKS_PER_SECOND });
  }
  return all;
}

/** The process and all its descendants: ids, and whether each has started some itself. */
export function tree(pid) {
  const all = processes();
  const isOurs = (id) => id === pid || (all.has(id) && isOurs(all.get(id).parent));
  const ours = [...all].filter(([id]) => isOurs(id));
  const parents = new Set(ours.map(([, { parent }]) => parent));
  return ours.map(([id, { cpu }]) => ({ id, cpu, isLeaf: !parents.has(id) }));
}

/** CPU seconds that the tree has used, by processes that have ended and were reaped, too. */
export const cpuSeconds = (pid) => tree(pid).reduce((sum, { cpu }) => sum + cpu, 0);

/** KiB of a process: resident, its proportional share, and what only it has. */
export function memory(pid) {
  const rollup = read(`/proc/${pid}/smaps_rollup`) ?? "";
  const sum = (pattern) => [...rollup.matchAll(pattern)].reduce((all, found) => all + Number(found[1]), 0);
  return { rss: sum(/^Rss:\s+(\d+)/gm), pss: sum(/^Pss:\s+(\d+)/gm), own: sum(/^Private_(?:Clean|Dirty):\s+(\d+)/gm) };
}

/** The same, summed over the tree. */
export function treeMemory(pid) {
  const sum = { rss: 0, pss: 0, own: 0 };
  for (const { id } of tree(pid)) {
    const one = memory(id);
    for (const key of Object.keys(sum)) sum[key] += one[key];
  }
  return sum;
}
