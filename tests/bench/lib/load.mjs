// Kinds of load: as much as goes, a fixed rate, and one run after the other.

import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

/** Each client starts a run as soon as its last one has ended. Runs a second, and how long each took. */
export async function saturate(clients, seconds, program) {
  const begun = performance.now();
  const end = begun + seconds * 1000;
  const times = [];
  await Promise.all(clients.map(async (client) => {
    do times.push((await client.run(program)).end);
    while (performance.now() < end);
  }));
  return { rate: (times.length * 1000) / (performance.now() - begun), times };
}

/**
 * Starts so many runs a second whether or not those before have ended. How long each took from when it was due, so
 * that a server that stands still is not excused from the runs that it kept waiting.
 */
export async function atRate(clients, rate, seconds, program) {
  const total = Math.max(1, Math.round(rate * seconds));
  const begun = performance.now();
  const runs = [];
  while (runs.length < total) {
    while (runs.length < total && begun + (runs.length * 1000) / rate <= performance.now()) {
      const due = begun + (runs.length * 1000) / rate;
      runs.push(clients[runs.length % clients.length].run(program).then(() => performance.now() - due));
    }
    await sleep(1);
  }
  return Promise.all(runs);
}

/**
 * Takes each lane's blocks in turns, and who comes after whom changes. A block is what a lane's `take` gave `count`
 * times, one after the other with so many milliseconds before each. Gives the blocks by lane, in the lanes' order.
 */
export async function inTurns(lanes, rounds, pause = 0) {
  const blocks = lanes.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const at of lanes.keys()) {
      const turn = (at + round) % lanes.length;
      const { take, count } = lanes[turn];
      const times = [];
      for (let i = 0; i < count; i++) {
        if (pause > 0) await sleep(pause);
        times.push(await take());
      }
      blocks[turn].push(times);
    }
  }
  return blocks;
}
