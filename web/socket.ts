// The connection to the server: one WebSocket, made again with growing waits whenever it is lost. Knows
// frames and nothing of what they mean, except that `hello` proves that a server is there.

import { backoff, jitter } from "./backoff.ts";
import { decodeFrame } from "./decode.ts";
import { Pace } from "./pace.ts";
import type { ClientMsg, ServerMsg } from "./protocol.ts";
import { refusal } from "./refusal.ts";

/**
 * State of the connection, as the page shows it. `retryAt` is in milliseconds of `Date.now()`. `restarts` when the
 * server said that it restarts: all that it had accepted it has finished, and what it had not answered it has not
 * begun.
 */
export type Connection =
  | { at: "connecting" }
  | { at: "open" }
  | { at: "closed"; retryAt: number; reason: string; restarts: boolean };

/** Who listens to a [`Socket`]. */
export type SocketEvents = {
  /** The connection's state changed. `open` means that the server has said hello. */
  onConnection: (connection: Connection) => void;
  /** A message came in. */
  onMessage: (message: ServerMsg) => void;
  /** A frame came in that is no message of this wire. */
  onUnreadable: () => void;
};

/** The code with which a server closes that restarts: "Service Restart". */
const RESTARTS = 1012;

/** How long a connection may take until `hello`, in milliseconds. */
const HELLO_TIMEOUT_MS = 10_000;

/** A connection that keeps itself alive. */
export class Socket {
  #url: string;
  #events: SocketEvents;
  #socket: WebSocket | null = null;
  #open = false;
  #attempt = 0;
  /** A program may write faster than the page draws. */
  readonly #pace = new Pace();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Connects at once. */
  constructor(url: string, events: SocketEvents) {
    this.#url = url;
    this.#events = events;
    this.#connect();
  }

  /** Sends a message; returns false, having sent nothing, when there is no connection. */
  send(message: ClientMsg): boolean {
    if (this.#socket === null || !this.#open) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Drops the waiting before the next attempt: the visitor asked, or the network came back. */
  retryNow(): void {
    if (this.#socket !== null) return;
    this.#attempt = 0;
    this.#connect();
  }

  /** Gives up a connection that has gone silent, and makes another. */
  reconnect(reason: string): void {
    this.#lose(this.#socket, reason);
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#events.onConnection({ at: "connecting" });
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#timer = setTimeout(() => {
      this.#lose(socket, "The server does not answer.");
    }, HELLO_TIMEOUT_MS);
    socket.onmessage = (event: MessageEvent<unknown>) => {
      this.#pace.add(() => {
        if (socket === this.#socket) this.#receive(event.data);
      });
    };
    socket.onclose = (event) => {
      // Behind what it has said.
      this.#pace.add(() => {
        this.#lose(socket, event.reason, event.code === RESTARTS);
      });
    };
  }

  #receive(data: unknown): void {
    const message = typeof data === "string" ? decodeFrame(data) : null;
    if (message === null) {
      this.#events.onUnreadable();
      return;
    }
    if (message.type === "hello") {
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.#open = true;
      this.#events.onConnection({ at: "open" });
    }
    this.#events.onMessage(message);
  }

  #lose(socket: WebSocket | null, reason: string, restarts = false): void {
    if (socket === null || socket !== this.#socket) return;
    const wasOpen = this.#open;
    this.#socket = null;
    this.#open = false;
    socket.onclose = null;
    socket.onmessage = null;
    socket.close();
    const attempt = this.#attempt;
    this.#attempt += 1;
    // Whoever answers next is there already. If not, the waits grow from there as always.
    this.#wait(restarts && wasOpen ? jitter() : backoff(attempt), reason, restarts);
    if (wasOpen || reason !== "") return;
    void refusal(this.#url).then((found) => {
      // Unless something has happened meanwhile: this is about the attempt that failed.
      if (found === null || this.#socket !== null || this.#attempt !== attempt + 1) return;
      this.#wait(Math.max(backoff(attempt), found.retryAfterMs), found.message);
    });
  }

  /** Connects again after so many milliseconds. */
  #wait(ms: number, reason: string, restarts = false): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#connect();
    }, ms);
    this.#events.onConnection({ at: "closed", retryAt: Date.now() + ms, reason, restarts });
  }
}
