// The hostile half of `make siege`, in a thread of its own: so many addresses, each of which does all that is in ATTACKS
// at once. It stops when its thread is told to.

import { randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

import WebSocket from "ws";

const { host, addresses, attacks } = workerData;
const [hostname, port] = host.split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 2_000 });
const counts = new Map();
const count = (what) => counts.set(what, (counts.get(what) ?? 0) + 1);
const pause = () => sleep(50 + Math.random() * 100);

/** Asks as this address; the status, and the body's beginning. */
function ask(address, method, path, body, slow = false) {
  return new Promise((resolve) => {
    const headers = { "x-forwarded-for": address, ...(body === undefined ? {} : { "content-type": "application/json" }) };
    const asked = request({ hostname, port, agent: slow ? undefined : agent, method, path, headers, timeout: 30_000 }, (answer) => {
      const pieces = [];
      let bytes = 0;
      answer.on("data", (data) => {
        bytes += data.length;
        if (bytes < 100_000) pieces.push(data);
        if (!slow) return;
        // A kilobyte a second, as far as the socket lets it be so little.
        answer.pause();
        void sleep(1_000).then(() => answer.resume());
      });
      answer.on("close", () => resolve({ status: answer.statusCode, text: Buffer.concat(pieces).toString() }));
      answer.on("error", () => {});
    });
    asked.on("error", () => resolve({ status: 0, text: "" }));
    asked.on("timeout", () => asked.destroy());
    asked.end(body);
  });
}

/** A recording whose format names one long argument again and again. */
function bomb() {
  const parts = Array.from({ length: 40_000 }, () => ({ type: "value", arg: 0 }));
  const value = { type: "bigint", value: "7".repeat(600_000) };
  const event = { level: "log", args: [value], text: "x", line: 1, column: 1, at_ms: 0, format: { parts } };
  return JSON.stringify({ source: "1", output: { console: [event], outcome: "completed" } });
}

/** A large program and recording, of characters that HTML escapes. */
function large() {
  const text = "<".repeat(60_000);
  const event = { level: "log", args: [{ type: "string", value: text, length: text.length }], text, line: 1, column: 1, at_ms: 0 };
  const console = Array.from({ length: 15 }, () => event);
  return JSON.stringify({ source: "<".repeat(200_000), output: { console, outcome: "completed" } });
}

async function share(address, body) {
  const { status, text } = await ask(address, "POST", "/api/v1/snippets", body);
  count(`share ${status}`);
  return status === 201 ? JSON.parse(text).id : null;
}

/** Shares bombs and opens them. */
async function bombs(address) {
  const body = bomb();
  for (;;) {
    const id = await share(address, body);
    if (id !== null) count(`bomb ${(await ask(address, "GET", `/s/${id}`)).status}`);
    await sleep(1_000);
  }
}

/** Reads large pages, fast and slowly. */
async function readers(address) {
  const id = await share(address, large());
  if (id === null) return;
  const read = async (slow) => {
    for (;;) {
      count(`read ${(await ask(address, "GET", `/s/${id}`, undefined, slow)).status}`);
      await pause();
    }
  };
  await Promise.all([read(false), read(false), ...Array.from({ length: 6 }, () => read(true))]);
}

/** A WebSocket by hand: `use` writes what it likes after the handshake. */
function raw(address, use) {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    const head = [
      "GET /api/v1/ws HTTP/1.1",
      `Host: ${host}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==",
      `X-Forwarded-For: ${address}`,
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    socket.once("data", () => use(socket));
    socket.on("error", () => {});
    socket.on("close", resolve);
  });
}

/** A masked frame's header, with a mask of zeros. */
function header(first, length) {
  const bytes = Buffer.alloc(14);
  bytes[0] = first;
  bytes[1] = 0xff;
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}

const CHUNK = Buffer.alloc(65_536, "x");
/** The longest message that the default settings allow, less one byte. */
const LONGEST = 8 * 262_144 + 65_536 - 1;

/** Writes `left` bytes as fast as they are taken. */
function flood(socket, left) {
  const write = () => {
    while (left > 0 && !socket.destroyed) {
      const some = CHUNK.subarray(0, Math.min(CHUNK.length, left));
      left -= some.length;
      if (!socket.write(some)) {
        socket.once("drain", write);
        return;
      }
    }
  };
  write();
}

/** Frames that announce gigabytes, messages without an end, and fragments that drip. */
async function frames(address) {
  const again = async (use) => {
    for (;;) {
      await raw(address, use);
      count("frame");
      await pause();
    }
  };
  const giant = (socket) => {
    socket.write(header(0x81, 2 ** 40));
    flood(socket, 300 << 20);
  };
  const endless = (socket) => {
    socket.write(header(0x81, LONGEST));
    flood(socket, LONGEST - 1);
  };
  const drips = (socket) => {
    socket.write(Buffer.concat([header(0x01, 1), Buffer.from("{")]));
    const timer = setInterval(() => socket.write(Buffer.concat([header(0x00, 1), Buffer.from(" ")])), 500);
    socket.on("close", () => clearInterval(timer));
  };
  await Promise.all([giant, endless, endless, endless, drips].map(again));
}

/** Runs programs, up to eight at once on each connection, and never answers what they ask. */
async function runs(address, connections, programs) {
  const one = async () => {
    for (;;) {
      await new Promise((resolve) => {
        const socket = new WebSocket(`ws://${host}/api/v1/ws`, { headers: { "x-forwarded-for": address } });
        const start = () => {
          const source = programs[Math.floor(Math.random() * programs.length)];
          if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "run", run_id: randomUUID(), source }));
        };
        socket.on("open", () => {
          for (let n = 0; n < 8; n++) start();
        });
        socket.on("message", (data) => {
          const message = JSON.parse(data);
          if (message.type === "finished" || message.type === "rejected") {
            count(message.type === "finished" ? `run ${message.outcome}` : `run rejected: ${message.reason}`);
            void pause().then(start);
          }
        });
        socket.on("error", () => {});
        socket.on("close", resolve);
      });
      await pause();
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
}

const ASKS = ["prompt('?')", "for (;;) confirm('?')", "await readLine('?')"];
const FILLS = ["await new Promise((go) => setTimeout(go, 9_500))", "for (;;);", "const kept = []; for (let i = 0; i < 100; i++) kept.push(new Array(1e4).fill(i)); await new Promise((go) => setTimeout(go, 9_500))"];

const KINDS = {
  bombs,
  frames,
  readers,
  prompts: (address) => runs(address, 2, ASKS),
  queue: (address) => runs(address, 3, FILLS),
};

/** Addresses in networks of their own, every fourth of IPv6. */
const addressOf = (n) => (n % 4 === 3 ? `2001:db8:${n.toString(16)}::1` : `198.${18 + (n >> 8)}.${n & 255}.7`);

for (let n = 0; n < addresses; n++) for (const attack of attacks) void KINDS[attack](addressOf(n));
parentPort.on("message", () => parentPort.postMessage([...counts]));
