// Why the server does not take a WebSocket. A browser does not show the answer to a handshake that failed, so the
// same address is asked again in the plain way: a server that refuses says so to that, too.

/** What a server that refuses says. */
export type Refusal = {
  /** Its words. */
  message: string;
  /** When to try again, in milliseconds; 0 if it did not say. */
  retryAfterMs: number;
};

/** Why the WebSocket at `url` is refused, or `null` when the server can't be reached or does not refuse. */
export async function refusal(url: string): Promise<Refusal | null> {
  try {
    const response = await fetch(url.replace(/^ws/, "http"), { cache: "no-store" });
    if (![400, 403, 429, 503].includes(response.status)) return null;
    const problem: unknown = await response.json();
    if (typeof problem !== "object" || problem === null || !("detail" in problem)) return null;
    if (typeof problem.detail !== "string") return null;
    const seconds = Number(response.headers.get("retry-after"));
    return { message: problem.detail, retryAfterMs: Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : 0 };
  } catch {
    // No server, or a proxy's page in its place: the socket has said all there is to say.
    return null;
  }
}
