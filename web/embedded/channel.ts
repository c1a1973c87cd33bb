// The frame's end of the conversation with the element that shows it, see web/embed/messages.ts.

import { isOpening, opening, readToFrame, type FromFrame, type ToFrame } from "../embed/messages.ts";

/** The channel to the element. */
export class Channel {
  #port: MessagePort | null = null;

  /** The origin of the page around the frame, once it is known. */
  origin: string | null = null;

  /** Says hello to the page around, and hears what its element says from then on. */
  constructor(hear: (message: ToFrame) => void) {
    const meet = (event: MessageEvent<unknown>) => {
      const [port] = event.ports;
      // Only the page around: a frame next to this one could also post here. Who that page may be is decided by
      // `frame-ancestors`, so its origin needs no further check.
      if (event.source !== parent || port === undefined || !isOpening(event.data, "connect")) return;
      removeEventListener("message", meet);
      this.origin = event.origin;
      this.#port = port;
      port.onmessage = ({ data }: MessageEvent<unknown>) => {
        const message = readToFrame(data);
        if (message !== null) hear(message);
      };
    };
    addEventListener("message", meet);
    // Says no more than that there is a frame, so whoever is around may hear it.
    parent.postMessage(opening("hello"), "*");
  }

  /** Tells the element something; nothing happens before it has answered the hello. */
  send(message: FromFrame): void {
    this.#port?.postMessage(message);
  }
}
