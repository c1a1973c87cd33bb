// A generator works out as much as it is asked for, even of what has no end.
function* fibonacci() {
  let [a, b] = [0, 1];
  for (;;) {
    yield a;
    [a, b] = [b, a + b];
  }
}

console.log(fibonacci().filter((n) => n % 2 === 0).take(8).toArray());

// A walk through a tree, as a plain loop.
const tree = { name: "insects", of: [{ name: "mayflies" }, { name: "beetles", of: [{ name: "ladybirds" }] }] };
function* names({ name, of = [] }, depth = 0) {
  yield "  ".repeat(depth) + name;
  for (const child of of) yield* names(child, depth + 1);
}
for (const line of names(tree)) console.log(line);

// What is sent in with next() comes out of yield.
function* average() {
  let sum = 0;
  for (let count = 1; ; count++) sum += yield count === 1 ? undefined : sum / (count - 1);
}
const running = average();
running.next();
console.log([10, 20, 60].map((n) => running.next(n).value));
