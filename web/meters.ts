// What a run used, against what it may use: six small meters.

import { el } from "./dom.ts";
import type { Limits, Usage } from "./protocol.ts";
import { words } from "./strings/words.ts";
import { bytes, duration } from "./units.ts";

/** What is shown, in this order. */
const METERS = [
  { name: "wall_ms", say: duration },
  { name: "cpu_ms", say: duration },
  { name: "heap_bytes", say: bytes },
  { name: "buffer_bytes", say: bytes },
  { name: "process_bytes", say: bytes },
  { name: "output_bytes", say: bytes },
] as const;

type Name = (typeof METERS)[number]["name"];

/** From this part of a limit on, a meter is shown as nearly full. */
const HIGH = 0.8;

/** The meters. */
export class Meters {
  #shown = new Map<Name, { meter: HTMLElement; bar: HTMLElement; value: HTMLElement; limit: HTMLElement }>();

  /** Puts the meters into `host`. */
  constructor(host: HTMLElement) {
    for (const { name } of METERS) {
      const label = words().meters[name];
      const bar = el("span", "meter-bar");
      const value = el("span", "meter-value");
      const limit = el("span", "meter-limit");
      const meter = el("span", "meter-track", bar);
      meter.setAttribute("role", "meter");
      meter.setAttribute("aria-label", label);
      meter.setAttribute("aria-valuemin", "0");
      host.append(
        el("div", "meter", el("span", "meter-label", label), el("span", "meter-figures", value, limit), meter),
      );
      this.#shown.set(name, { meter, bar, value, limit });
    }
  }

  /** Shows `used` against `limits`; null where nothing is known, and of a running program only some is. */
  show(used: Partial<Usage> | null, limits: Limits | null): void {
    for (const { name, say } of METERS) {
      const shown = this.#shown.get(name);
      if (shown === undefined) continue;
      const value = used?.[name];
      const max = limits?.[name] ?? 0;
      const part = value === undefined || max === 0 ? 0 : Math.min(1, value / max);
      shown.bar.style.setProperty("--part", String(part));
      shown.meter.classList.toggle("high", part >= HIGH);
      shown.value.textContent = value === undefined ? "–" : say(value);
      shown.limit.textContent = max === 0 ? "" : ` / ${say(max)}`;
      shown.meter.setAttribute("aria-valuemax", String(max));
      shown.meter.setAttribute("aria-valuenow", String(Math.min(value ?? 0, max)));
      shown.meter.setAttribute(
        "aria-valuetext",
        value === undefined ? words().meterUnknown(say(max)) : words().meterOf(say(value), say(max)),
      );
    }
  }
}
