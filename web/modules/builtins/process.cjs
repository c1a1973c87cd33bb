// node:process, what of it a program without a machine has. It gives nothing away: no environment, no arguments, no
// memory, no ids. What would change the process says that it can't.

const EventEmitter = require("node:events");
const { coded, needFunction, wrongType } = require("./internal/errors.cjs");

const process = Object.create(Object.create(EventEmitter.prototype, { constructor: { value: function process() {} } }));
EventEmitter.call(process);

const absent = (name, instead = "") => () => {
  throw coded(new Error(`process.${name}() is not available in this sandbox${instead}`), "ERR_FEATURE_UNAVAILABLE");
};

function hrtime(before) {
  const now = performance.now();
  let [seconds, nanoseconds] = [Math.floor(now / 1e3), Math.floor((now % 1e3) * 1e6)];
  if (before !== undefined) {
    if (!Array.isArray(before)) throw wrongType("time", "an instance of Array", before);
    seconds -= before[0];
    nanoseconds -= before[1];
    if (nanoseconds < 0) {
      seconds -= 1;
      nanoseconds += 1e9;
    }
  }
  return [seconds, nanoseconds];
}
hrtime.bigint = () => BigInt(Math.floor(performance.now() * 1e3)) * 1000n;

/** A stream whose every whole line is one line of the console. */
function lines(write) {
  let rest = "";
  return {
    isTTY: false,
    write(chunk, encoding, done) {
      const text = typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
      const all = (rest + text).split("\n");
      rest = all.pop();
      for (const line of all) write(line);
      // What is left without a line's end still shows, once nothing more was written in this turn.
      if (rest !== "") {
        queueMicrotask(() => {
          if (rest !== "") write(rest);
          rest = "";
        });
      }
      const callback = typeof encoding === "function" ? encoding : done;
      if (typeof callback === "function") queueMicrotask(() => callback());
      return true;
    },
  };
}
const { log, error } = console;

Object.assign(process, {
  abort: absent("abort", ". Throw an error to end the program"),
  arch: "x64",
  argv: ["node", "/main.js"],
  argv0: "node",
  browser: true,
  chdir: absent("chdir"),
  cwd: () => "/",
  emitWarning(warning, type) {
    const name = typeof type === "string" ? type : (type?.type ?? warning?.name ?? "Warning");
    console.warn(`${name}: ${warning?.message ?? warning}`);
  },
  env: {},
  execArgv: [],
  execPath: "/node",
  exit: absent("exit", ". Return from the program, or throw an error to end it"),
  exitCode: undefined,
  features: { inspector: false, ipv6: false, tls: false, typescript: false },
  hrtime,
  kill: absent("kill"),
  nextTick(callback, ...args) {
    needFunction("callback", callback);
    queueMicrotask(() => callback(...args));
  },
  pid: 1,
  platform: "linux",
  ppid: 0,
  release: { name: "node" },
  stderr: lines((line) => error(line)),
  stdout: lines((line) => log(line)),
  title: "node",
  umask: () => 0o22,
  uptime: () => performance.now() / 1e3,
  // The version whose documentation describes these modules.
  version: "v20.0.0",
  versions: { node: "20.0.0" },
});
Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });

module.exports = process;
