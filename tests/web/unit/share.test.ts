import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import { firstDifference } from "../../../web/share/compare.ts";
import { forgetKey, keepKey, keyOf } from "../../../web/share/keys.ts";
import { Player } from "../../../web/share/player.ts";
import { Recorder } from "../../../web/share/recorder.ts";
import { findSecrets } from "../../../web/share/secrets.ts";
import { decodeSnippet, encodeRecording, type Recording } from "../../../web/share/snippet.ts";
import type { Store } from "../../../web/storage.ts";
import { report } from "../support/mock-server.ts";
import { Random } from "../support/random.ts";
import { event, number, string } from "../support/sample-run.ts";

describe("secrets", () => {
  // With a ~ in each that is taken out, so that nobody's scanner takes this file for a leak.
  const found: [string, string][] = [
    ["an AWS access key", 'const id = "AKIA~Q3EGRP7LDZ5XWT2B";'],
    ["a GitHub token", 'fetch(u, { headers: { a: "ghp_~a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8" } })'],
    ["a GitHub token", 'x = \'github_pat_~11ABCDEFG0abcdefghijkl_mnopqrstuv\''],
    ["a GitLab token", '"glpat-~aB3dE6gH9jK2mN5pQ8sT"'],
    ["a Slack token", '// xoxb-~123456789012-abcdefGHIJKL'],
    ["a Slack webhook", '"https://hooks.slack.com/services/T~0A1B2C3D4/B~0A1B2C3D4/~aBcDeFgHiJkLmNoPqRsTuVwX"'],
    ["a Stripe key", 'stripe("sk_live_~4eC39HqLyjWDarjtT1zdp7dc")'],
    ["a Google API key", 'key=AIza~SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q'],
    ["an npm token", 'npm_~a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'],
    ["an API key", 'new Client({ key: "sk-~proj-aB3dE6gH9jK2mN5pQ8sT" })'],
    ["a signed token (JWT)", '"eyJ~hbGciOiJIUzI1NiJ9.eyJ~zdWIiOiIxMjM0In0.~dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"'],
    ["a private key", '-----BEGIN ~RSA PRIVATE KEY-----'],
    ["a private key", '-----BEGIN PRIVATE~ KEY-----'],
    ["a password in an address", '"postgres://admin:~hunter2hunter2@db.internal/x"'],
    ["a password or key", 'const API_KEY = "f9~Kd82hLqPz0xWvN3rT";'],
    ["a password or key", '{ "client_secret": "~Zx81-Qw72-Er63-Ty54" }'],
    ["a password or key", 'headers.Authorization = "Bearer ~q8Zr2LmT7vXc4NpK9sWd"'],
  ];
  for (const [what, written] of found) {
    const line = written.replaceAll("~", "");
    test(`finds ${what} in ${line.slice(0, 24)}…`, () => {
      const secrets = findSecrets(`// one\n// two\n${line}\n`);
      assert.deepEqual(secrets.map((secret) => [secret.what, secret.line]), [[what, 3]]);
      const [secret] = secrets;
      assert.ok(secret !== undefined && secret.shown.length <= 11 && line.includes(secret.shown.slice(0, -1)), secret?.shown);
    });
  }

  const harmless = [
    `const token = process.env.TOKEN;`,
    `const apiKey = "YOUR_API_KEY_HERE";`,
    `const password = "correct horse";`,
    `const secret = "aaaaaaaaaaaaaaaa1";`,
    `let passwordField = document.querySelector("#password-field-1");`,
    'const id = "AKIA~IOSFODNN7EXAMPLE";',
    "const key = `${prefix}-${id}`;",
    `const tokens = tokenize("let a = 1");`,
    `const author = "someone-with-a-long-name-2026";`,
    `"550e8400-e29b-41d4-a716-446655440000"`,
    `import x from "https://user@example.com/mod.js";`,
    `const sha = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";`,
  ];
  for (const line of harmless) {
    test(`leaves ${line.slice(0, 40)} alone`, () => {
      assert.deepEqual(findSecrets(line.replaceAll("~", "")), []);
    });
  }

  test("are listed in order, and not without end", () => {
    const key = (n: number) => `AKIA${String(n).padStart(16, "Q")}`;
    const secrets = findSecrets(Array.from({ length: 50 }, (_, n) => key(n)).join("\n"));
    assert.equal(secrets.length, 20);
    assert.deepEqual(secrets.map(({ line }) => line), Array.from({ length: 20 }, (_, n) => n + 1));
  });

  test("are looked for in time that grows with the text alone", () => {
    const parts = ["secret", "token=", "-----BEGIN ", "A ", "eyJ", ".eyJ", "://a:", "a".repeat(50), '"', "sk-", "xoxb-", "\n"];
    const random = new Random(7);
    const text = Array.from({ length: 40_000 }, () => random.of(parts)).join("").slice(0, 256 << 10);
    for (const hostile of [text, "eyJ".repeat(80_000), "secret".repeat(40_000), "a://a".repeat(50_000), "-----BEGIN ".repeat(20_000), "password = \"".repeat(20_000)]) {
      const start = performance.now();
      findSecrets(hostile);
      const took = performance.now() - start;
      assert.ok(took < 1_000, `${hostile.slice(0, 20)}: ${took} ms`);
    }
  });
});

const recorded = (): Recording => ({
  events: [event({ text: "a", args: [string("a")], at_ms: 10, depth: 0 }), event({ text: "b", level: "warn", at_ms: 250, depth: 0 })],
  report: report("completed", { value: number(3) }),
  engine: "V8 15.0.1",
});

describe("a snippet", () => {
  test("is read from what the server tells", () => {
    const output = encodeRecording(recorded());
    const snippet = decodeSnippet({ id: "a1", version: 2, title: "T", source: "1", language: "javascript", mode: "function", export: "f", input: { a: 1 }, stdin: ["x"], output, parent: "b2@1" });
    assert.deepEqual(snippet, { id: "a1", version: 2, title: "T", files: [{ name: "", content: "1" }], language: "javascript", as: { mode: "function", export: "f", input: { a: 1 }, stdin: ["x"] }, output: recorded(), outputUrl: null, outputIsWrong: false, parent: "b2@1" });
  });

  test("says where its output is, if that is an address of the API", () => {
    const url = (given: unknown) => decodeSnippet({ id: "a", source: "1", output_url: given })?.outputUrl;
    assert.equal(url("/api/v1/snippets/a1B2c3D4e5f6@2/output"), "/api/v1/snippets/a1B2c3D4e5f6@2/output");
    for (const given of [undefined, 1, "", "https://evil.example/api/v1/snippets/a/output", "//evil.example/output", "/api/v1/run"]) {
      assert.equal(url(given), null);
    }
    assert.equal(decodeSnippet({ id: "a", source: "1", output_is_wrong: true })?.outputIsWrong, true);
  });

  test("of several files has its entry first", () => {
    const files = ["util.ts", "index.js", "main.ts", "../evil", ""].map((name) => ({ name, content: name }));
    const names = (more: object) => decodeSnippet({ id: "a", files, ...more })?.files.map(({ name }) => name);
    assert.deepEqual(names({}), ["main.ts", "util.ts", "index.js"]);
    assert.deepEqual(names({ entry: "util.ts" }), ["util.ts", "index.js", "main.ts"]);
  });

  test("that is none is none, whatever it is", () => {
    const keys = ["id", "version", "title", "source", "files", "name", "content", "output", "console", "outcome", "value", "error", "usage", "args"];
    for (let seed = 0; seed < 5_000; seed += 1) {
      const snippet = decodeSnippet(new Random(seed).value(keys, ["a", "completed", "main.js"], 4));
      if (snippet === null) continue;
      assert.ok(snippet.files.length > 0 && snippet.id !== "", `seed ${seed}`);
      assert.ok(snippet.files.every(({ content }) => typeof content === "string"));
    }
    assert.equal(decodeSnippet({ id: "a" }), null);
    assert.equal(decodeSnippet({ source: "1" }), null);
  });
});

describe("comparing with a recording", () => {
  const changed = (change: (copy: Recording) => void) => {
    const copy = recorded();
    change(copy);
    return firstDifference(recorded(), copy);
  };
  test("times don't count", () => {
    assert.equal(changed((copy) => {
      for (const it of copy.events) it.at_ms += 100;
      copy.report.usage.wall_ms += 500;
    }), null);
    const timed = (ms: string) => ({ ...recorded(), events: [event({ kind: "time", text: `all: ${ms} ms` })] });
    assert.equal(firstDifference(timed("1.5"), timed("220")), null);
  });
  test("what was printed, the result and the end do", () => {
    assert.match(changed((copy) => void (copy.events[1] = event({ text: "c", level: "warn" }))) ?? "", /Line 2/);
    assert.match(changed((copy) => void copy.events.pop()) ?? "", /1 of 2 lines/);
    assert.match(changed((copy) => void copy.events.push(event({ text: "more" }))) ?? "", /more lines/);
    assert.match(changed((copy) => void (copy.report.value = number(4))) ?? "", /result/);
    assert.match(changed((copy) => void (copy.report.value = null)) ?? "", /result/);
    assert.match(changed((copy) => void (copy.report.outcome = "timed_out")) ?? "", /another way/);
    assert.match(changed((copy) => void (copy.report.error = { name: "E", message: "m", stack: [] })) ?? "", /failed in another way/);
  });
});

describe("the recorder", () => {
  test("has what the newest run of this very program did", () => {
    const recorder = new Recorder();
    recorder.begin("1");
    recorder.events(recorded().events);
    assert.equal(recorder.recording("1", ""), null, "not before it has ended");
    recorder.end(report("completed"));
    assert.equal(recorder.recording("1", "V8")?.events.length, 2);
    assert.equal(recorder.recording("2", ""), null);
    recorder.begin("1");
    assert.equal(recorder.recording("1", ""), null);
  });
  test("does without what is too much to share", () => {
    const recorder = new Recorder();
    recorder.begin("1");
    for (let n = 0; n < 11; n += 1) recorder.events(Array.from({ length: 1_000 }, () => event({})));
    recorder.end(report("completed"));
    assert.ok(recorder.has("1"));
    assert.equal(recorder.recording("1", ""), null);
  });
});

describe("the player", () => {
  let now = 0;
  beforeEach(() => {
    now = 0;
    mock.timers.enable({ apis: ["setTimeout"] });
  });
  afterEach(() => {
    mock.timers.reset();
  });
  const pass = (ms: number) => {
    for (let step = 0; step < ms; step += 1) {
      now += 1;
      mock.timers.tick(1);
    }
  };
  const play = () => {
    const log: string[] = [];
    const player = new Player(recorded().events, 300, {
      onStart: () => log.push(`${now} start`),
      onEvents: (events) => log.push(`${now} ${events.map(({ text }) => text).join()}`),
      onEnd: () => log.push(`${now} end`),
      onState: (state) => log.push(`${now} ${state}`),
    }, () => now);
    return { log, player };
  };

  test("plays each line when its time has come, and the end at the end", () => {
    const { log, player } = play();
    player.toggle();
    pass(400);
    assert.deepEqual(log, ["0 start", "0 playing", "10 a", "250 b", "300 idle", "300 end"]);
    player.toggle();
    pass(10);
    assert.deepEqual(log.slice(6), ["400 start", "400 playing", "410 a"]);
  });

  test("pauses, and goes on where it was", () => {
    const { log, player } = play();
    player.toggle();
    pass(100);
    player.toggle();
    pass(1_000);
    player.toggle();
    pass(200);
    assert.deepEqual(log, ["0 start", "0 playing", "10 a", "100 paused", "1100 playing", "1250 b", "1300 idle", "1300 end"]);
  });

  test("is silent after it was cancelled", () => {
    const { log, player } = play();
    player.toggle();
    pass(20);
    player.cancel();
    player.cancel();
    pass(1_000);
    assert.deepEqual(log, ["0 start", "0 playing", "10 a", "20 idle"]);
  });
});

describe("keys of what was shared", () => {
  const memory = (): Store => {
    const kept = new Map<string, string>();
    return {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    };
  };
  test("are kept, replaced and forgotten", () => {
    const store = memory();
    assert.equal(keyOf("a", () => store), null);
    assert.ok(keepKey("a", "1", () => store));
    assert.ok(keepKey("b", "2", () => store));
    assert.ok(keepKey("a", "3", () => store));
    assert.deepEqual([keyOf("a", () => store), keyOf("b", () => store)], ["3", "2"]);
    forgetKey("a", () => store);
    assert.equal(keyOf("a", () => store), null);
  });
  test("nonsense in the storage is no key", () => {
    for (const text of ["", "{", "1", "{}", "[1, null, {\"id\": 1}]"]) {
      const store = memory();
      store.setItem("mayfly.shared", text);
      assert.equal(keyOf("a", () => store), null);
      assert.ok(keepKey("a", "1", () => store));
      assert.equal(keyOf("a", () => store), "1");
    }
  });
});
