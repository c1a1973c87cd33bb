// Many promises at once: all of them, the first, the first that works, and giving up.
const after = (ms, value) => new Promise((wake) => setTimeout(wake, ms, value));
const fails = async (ms, why) => {
  await after(ms);
  throw new Error(why);
};

console.log("all:", await Promise.all([after(30, "a"), after(10, "b")]));
console.log("race:", await Promise.race([after(80, "slow"), after(10, "quick")]));
console.log("any:", await Promise.any([fails(5, "no"), after(20, "works")]));

const settled = await Promise.allSettled([after(5, "fine"), fails(5, "broken")]);
console.table(settled.map(({ status, value, reason }) => ({ status, value, reason: reason?.message })));

// Whoever waits can stop waiting.
function patient(signal) {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
try {
  await patient(AbortSignal.timeout(50));
} catch (error) {
  console.log(error.name, "after 50 ms");
}
