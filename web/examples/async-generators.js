// An async generator hands out values as they come; the loop takes them one at a time.
const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

async function* ticks(count, ms) {
  try {
    for (let tick = 1; tick <= count; tick++) {
      await sleep(ms);
      yield tick;
    }
  } finally {
    console.log("the clock is put away");
  }
}

async function* inPairs(source) {
  let pair = [];
  for await (const value of source) {
    pair.push(value);
    if (pair.length === 2) {
      yield pair;
      pair = [];
    }
  }
  if (pair.length > 0) yield pair;
}

for await (const pair of inPairs(ticks(20, 40))) {
  console.log(pair);
  // Leaving the loop ends the generators behind it, too.
  if (pair.includes(8)) break;
}
