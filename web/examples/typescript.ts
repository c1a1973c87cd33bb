// TypeScript: types are there for you and the editor, and are taken off before it runs.
type Insect = { kind: "mayfly"; days: number } | { kind: "beetle"; spots?: number };

enum Size {
  Small = 1,
  Large,
}

function describe(insect: Insect): string {
  switch (insect.kind) {
    case "mayfly":
      return `lives for ${insect.days} day${insect.days === 1 ? "" : "s"}`;
    case "beetle":
      return `has ${insect.spots ?? "no"} spots`;
  }
}

const all: Insect[] = [{ kind: "mayfly", days: 1 }, { kind: "beetle", spots: 7 }, { kind: "beetle" }];
for (const insect of all) console.log(insect.kind, describe(insect));

class Box<T> {
  constructor(private readonly content: T, readonly size: Size = Size.Small) {}
  map<U>(change: (content: T) => U): Box<U> {
    return new Box(change(this.content), this.size);
  }
  open = (): T => this.content;
}

const lengths = new Box(["ab", "cde"], Size.Large).map((words) => words.map((word) => word.length));
console.log(lengths.open(), Size[lengths.size]);
