// Random values for property tests, the same in every run: a failure names its seed.

/** A source of random values. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to 1. Mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** One of `values`. */
  of<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error("nothing to choose from");
    return value;
  }

  /** Anything that can go through a message port or JSON, with `keys` among the keys and `strings` among the texts. */
  value(keys: readonly string[], strings: readonly string[], depth = 3): unknown {
    const kinds = depth === 0 ? 6 : 9;
    switch (this.below(kinds)) {
      case 0:
        return null;
      case 1:
        return undefined;
      case 2:
        return this.next() < 0.5;
      case 3:
        return this.of([0, 1, -1, 1.5, NaN, Infinity, -Infinity, 2 ** 53, 1e300]);
      case 4:
        return this.of(strings);
      case 5:
        return String.fromCharCode(this.below(0xffff)).repeat(this.below(4));
      case 6:
        return Array.from({ length: this.below(4) }, () => this.value(keys, strings, depth - 1));
      default: {
        const made: Record<string, unknown> = {};
        for (let n = this.below(6); n > 0; n -= 1) {
          // As JSON does, and unlike an assignment, this makes `__proto__` a key like any.
          Object.defineProperty(made, this.of(keys), {
            value: this.value(keys, strings, depth - 1),
            enumerable: true,
            configurable: true,
            writable: true,
          });
        }
        return made;
      }
    }
  }
}
