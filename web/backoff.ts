// How long to wait before connecting again.

/** The first wait, in milliseconds. */
const FIRST_MS = 250;

/** The longest wait, in milliseconds. */
const LONGEST_MS = 15_000;

/** The longest wait when another server, or the same one started anew, is there already, in milliseconds. */
const RESTART_MS = 200;

/** The wait before connecting again because a server restarts: just enough that not every page comes at once. */
export function jitter(random: () => number = Math.random): number {
  return Math.round(RESTART_MS * random());
}

/**
 * The wait before attempt number `attempt` (from 0), in milliseconds: doubles each time up to 15 s, and is
 * spread over the upper half of that so that a restarted server does not meet every page at once.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(whole * (0.5 + 0.5 * random()));
}
