// A function keeps what it was made with.
function counter(start = 0) {
  let count = start;
  return { up: () => ++count, down: () => --count };
}

const one = counter();
const hundred = counter(100);
one.up();
one.up();
console.log("each has a count of its own:", one.up(), hundred.down());

// Remembers what it has worked out before.
function memoize(work) {
  const known = new Map();
  return (n) => {
    if (!known.has(n)) known.set(n, work(n));
    return known.get(n);
  };
}

let calls = 0;
const fibonacci = memoize((n) => {
  calls++;
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
});
console.log("fibonacci(50) is", fibonacci(50), "in", calls, "calls");

// With var there is one i, with let one for each turn.
const late = [];
for (var i = 0; i < 3; i++) late.push(() => i);
const fresh = [];
for (let j = 0; j < 3; j++) fresh.push(() => j);
console.log("var:", late.map((f) => f()), "let:", fresh.map((f) => f()));
