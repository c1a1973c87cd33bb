// What is different between two lists of lines: the fewest lines to take out and to put in.

/** A line of both, of the first only, or of the second only. */
export type DiffLine = { kind: "same" | "less" | "more"; text: string };

/** Longer lists, without what they begin and end with alike, are not compared line by line. */
const MOST = 2_000;

/** The differences, in order; null where there are too many lines to find them. */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] | null {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  const [a, b] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  if (a.length > MOST || b.length > MOST) return null;
  const same = (lines: readonly string[]): DiffLine[] => lines.map((text) => ({ kind: "same", text }));
  return [...same(before.slice(0, start)), ...middle(a, b), ...same(before.slice(before.length - end))];
}

/** By the longest sequence that both have: `longest[i][j]` is its length in what follows a[i] and b[j]. */
function middle(a: readonly string[], b: readonly string[]): DiffLine[] {
  // Lines by number: to compare long ones that begin alike takes as long as they are, a million times over.
  const numbers = new Map<string, number>();
  const numbered = (lines: readonly string[]) => Uint32Array.from(lines, (line) => numbers.get(line) ?? (numbers.set(line, numbers.size), numbers.size - 1));
  const [x, y] = [numbered(a), numbered(b)];
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] = x[i] === y[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [before, after] = [a[i], b[j]];
    if (before !== undefined && before === after) {
      lines.push({ kind: "same", text: before });
      i += 1;
      j += 1;
    } else if (before !== undefined && (after === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: "less", text: before });
      i += 1;
    } else if (after !== undefined) {
      lines.push({ kind: "more", text: after });
      j += 1;
    }
  }
  return lines;
}
