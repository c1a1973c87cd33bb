// Stands in front of every file of this folder; what it says is read by mod.rs.
//
// A file declares tests, which run one after the other. An assertion that fails is reported, and the test goes on.

const { test, known, equal, ok, throws, rejects, shows, sleep, until, report } = (() => {
  /** Longer than any test takes: one that takes longer hangs. */
  const PATIENCE_MS = 2_000;
  const { debug } = console, { setTimeout, clearTimeout } = globalThis;
  const tests = [];
  let assertions = 0, failures = [];

  const tell = (message) => debug("conformance", JSON.stringify(message));

  function show(value) {
    if (typeof value === "string") return JSON.stringify(value);
    if (Array.isArray(value)) return `[${Array.from(value, show).join(", ")}]`;
    if (typeof value === "bigint") return `${value}n`;
    if (Object.is(value, -0)) return "-0";
    if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value})`;
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    if (isPlain(value)) return `{${Object.keys(value).map((key) => `${key}: ${show(value[key])}`).join(", ")}}`;
    return typeof value === "object" && value ? Object.prototype.toString.call(value) : String(value);
  }

  function isPlain(value) {
    return typeof value === "object" && value !== null && [null, Object.prototype].includes(Object.getPrototypeOf(value));
  }

  /** SameValue, looking into arrays, typed arrays and plain objects. */
  function same(a, b) {
    if (Object.is(a, b)) return true;
    const lists = Array.isArray(a) ? Array.isArray(b) : ArrayBuffer.isView(a) && a.constructor === b?.constructor;
    if (lists) return a.length === b.length && Array.from(a).every((item, index) => same(item, b[index]));
    if (!isPlain(a) || !isPlain(b)) return false;
    const keys = Object.keys(a);
    return same(keys, Object.keys(b)) && keys.every((key) => same(a[key], b[key]));
  }

  function assert(holds, what, found) {
    assertions++;
    if (!holds) failures.push(what ? `${what}: ${found}` : found);
  }

  /** Checks an error: of exactly this class, or, for a name, a DOMException of that name. */
  function check(error, expected, what) {
    const right = typeof expected === "string"
      ? error instanceof DOMException && error.name === expected
      : error?.constructor === expected;
    const name = typeof expected === "string" ? `a DOMException ${expected}` : `a ${expected.name}`;
    assert(right, what, `${show(error)} and not ${name}`);
  }

  async function run(name, body) {
    failures = [];
    let timer;
    const patience = new Promise((_, reject) => timer = setTimeout(reject, PATIENCE_MS, "it hangs"));
    try {
      await Promise.race([body(), patience]);
    } catch (error) {
      failures.push(`it threw ${show(error)}`);
    }
    clearTimeout(timer);
    return failures.map((failure) => `${name}: ${failure}`);
  }

  return {
    /** Declares a test. */
    test: (name, body) => tests.push({ name, body }),
    /** Declares a test of something that is known to deviate. It fails when it passes; its assertions don't count. */
    known: (reason, name, body) => tests.push({ name, body, reason }),
    equal: (found, expected, what) => assert(same(found, expected), what, `${show(found)} and not ${show(expected)}`),
    ok: (truth, what) => assert(truth === true, what, `${show(truth)} and not true`),
    throws(expected, body, what) {
      let returned;
      try {
        returned = body();
      } catch (error) {
        return check(error, expected, what);
      }
      assert(false, what, `it gave ${show(returned)} and did not throw`);
    },
    async rejects(expected, promise, what) {
      let value;
      try {
        value = await promise;
      } catch (error) {
        return check(error, expected, what);
      }
      assert(false, what, `it was fulfilled with ${show(value)}`);
    },
    /** Calls the console. The events that arrive at the client have at least these members; null is an absent one. */
    shows(name, call, ...events) {
      tests.push({
        name,
        body() {
          assertions++;
          tell({ shows: { name, events } });
          try {
            call();
          } finally {
            tell({ shown: name });
          }
        },
      });
    },
    sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
    /** The next event of this type at `target`. */
    until: (target, type) => new Promise((done) => target.addEventListener(type, done, { once: true })),
    /** Runs the tests. */
    async report() {
      for (const { name, body, reason } of tests) {
        const before = assertions;
        const found = await run(name, body);
        if (reason === undefined) {
          for (const fail of found) tell({ fail });
        } else if (found.length > 0) {
          tell({ known: `${name}: ${reason}` });
          assertions = before;
        } else {
          tell({ fail: `${name}: it is said to deviate (${reason}), and does not` });
        }
      }
      tell({ done: assertions });
    },
  };
})();
