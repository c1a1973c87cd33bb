// Top-level await, timers and promises.
const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

async function worker(name, jobs) {
  const done = [];
  while (jobs.length > 0) {
    const job = jobs.shift();
    await sleep(120 + 80 * job);
    console.log(name, "finished job", job);
    done.push(job);
  }
  return { name, done };
}

console.time("all");
const jobs = [1, 5, 2, 4, 3, 1];
const results = await Promise.all(["ada", "bob"].map((name) => worker(name, jobs)));
console.timeEnd("all");
console.table(results);
