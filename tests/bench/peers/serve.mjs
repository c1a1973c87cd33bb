// What all peers have in common: the thinnest WebSocket server that speaks as much of Mayfly's wire as the benchmarks
// use. Each run gets what `run` makes fresh for it.

import { WebSocketServer } from "ws";

/** The console inside the isolates of peers that bring none: one line of text for each call, sent at once. */
export const CONSOLE = `globalThis.console = {
  log: (...values) => __send(values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(" ")),
};`;

/** Memory and time that peers give a program, where they can. Some measures give more time. */
export const MEMORY_MB = 64;
export const TIMEOUT_MS = Number(process.env.TIMEOUT_MS ?? 5_000);

/** Serves on a free port, and says on stdout where. `run(source, log)` ends, or rejects, when the program has. */
export function serve(run) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, maxPayload: 64 << 20 });
  server.on("connection", (socket) => {
    const send = (message) => socket.send(JSON.stringify(message));
    socket.on("message", async (data) => {
      const { run_id, source } = JSON.parse(data);
      let seq = 0;
      const log = (text) => send({ type: "console", run_id, seq: seq++, events: [{ level: "log", text }] });
      try {
        await run(source, log);
        send({ type: "finished", run_id, outcome: "completed" });
      } catch (error) {
        send({ type: "finished", run_id, outcome: "failed", error: { message: String(error) } });
      }
    });
  });
  server.on("listening", () => console.log(`listens on http://127.0.0.1:${server.address().port}`));
}
