// https://nodejs.org/docs/latest-v20.x/api/process.html, what of it a program without a machine has
import process, { env, nextTick } from "node:process";
import bare from "process";

test("a process that gives nothing away", () => {
  ok(process === bare);
  equal([Object.keys(env), process.argv.slice(2), process.cwd().startsWith("/"), process.platform], [[], [], true, "linux"]);
  equal([process.version.startsWith("v"), typeof process.versions.node, Array.isArray(process.execArgv)], [true, "string", true]);
});

test("time", async () => {
  const [seconds, nanoseconds] = process.hrtime();
  ok(Number.isInteger(seconds) && nanoseconds >= 0 && nanoseconds < 1e9);
  const before = process.hrtime.bigint();
  ok(typeof before === "bigint" && process.hrtime.bigint() >= before);
  ok(process.hrtime([seconds, nanoseconds])[0] < 10);
  ok(process.uptime() >= 0);
});

test("nextTick", async () => {
  const seen = [];
  await new Promise((done) => setTimeout(() => {
    nextTick((...args) => seen.push(args), 1, 2);
    nextTick(done);
    seen.push("now");
  }));
  equal(seen, ["now", [1, 2]]);
});

test("events", () => {
  let seen = 0;
  process.on("mine", () => seen++);
  process.emit("mine");
  equal(seen, 1);
});
