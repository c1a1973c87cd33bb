// Promises, async functions and async generators, and nothing to wait for outside the program.
async function* numbers(count) {
  for (let i = 0; i < count; i++) yield i;
}

async function tree(depth) {
  if (depth === 0) return 1;
  const [left, right] = await Promise.all([tree(depth - 1), tree(depth - 1)]);
  return left + right;
}

/** Lets a few at a time pass. */
function gate(places) {
  const waiting = [];
  return async (work) => {
    if (places === 0) await new Promise((go) => waiting.push(go));
    else places--;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else places++;
    }
  };
}

(async () => {
  let sum = 0;
  for (let round = 0; round < 10; round++) {
    for await (const number of numbers(40000)) sum += number % 3;
    sum += await tree(13);
    const pass = gate(8);
    const results = await Promise.all(Array.from({ length: 8000 }, (_, i) => pass(async () => (await i) % 5)));
    sum += results.reduce((all, it) => all + it, 0);
  }
  return sum;
})();
