// Heights of the lines of a list and their sums, in a Fenwick tree: with 100,000 lines whose heights are known
// only once they are drawn, both where a line is and which line is somewhere have to be cheap to tell.

/** Heights of lines, in pixels. */
export class Heights {
  #own: number[] = [];
  /** At `n`, counted from 1: the sum of the `n & -n` heights that end with the n-th. */
  #sums: number[] = [0];

  /** How many lines there are. */
  get length(): number {
    return this.#own.length;
  }

  /** The height of all of them. */
  get total(): number {
    return this.before(this.#own.length);
  }

  /** The height of one. */
  of(index: number): number {
    return this.#own[index] ?? 0;
  }

  /** Adds one at the end. */
  push(height: number): void {
    this.#own.push(height);
    const n = this.#own.length;
    let sum = height;
    for (let part = n - 1; part > n - (n & -n); part -= part & -part) sum += this.#sums[part] ?? 0;
    this.#sums.push(sum);
  }

  /** Changes one. */
  set(index: number, height: number): void {
    const change = height - this.of(index);
    if (change === 0 || index >= this.#own.length) return;
    this.#own[index] = height;
    for (let n = index + 1; n < this.#sums.length; n += n & -n) this.#sums[n] = (this.#sums[n] ?? 0) + change;
  }

  /** The height of the first `count` lines: where the next one begins. */
  before(count: number): number {
    let sum = 0;
    for (let n = Math.min(count, this.#own.length); n > 0; n -= n & -n) sum += this.#sums[n] ?? 0;
    return sum;
  }

  /** The line at `offset` pixels: the first one for what is above, the last one for what is below. */
  at(offset: number): number {
    let index = 0;
    let left = offset;
    for (let step = 2 ** Math.floor(Math.log2(Math.max(1, this.#own.length))); step >= 1; step /= 2) {
      const sum = this.#sums[index + step];
      if (sum === undefined || sum > left) continue;
      index += step;
      left -= sum;
    }
    return Math.max(0, Math.min(index, this.#own.length - 1));
  }

  /** Takes the first `count` away. */
  drop(count: number): void {
    const rest = this.#own.slice(count);
    this.clear();
    for (const height of rest) this.push(height);
  }

  /** Takes all away. */
  clear(): void {
    this.#own = [];
    this.#sums = [0];
  }
}
