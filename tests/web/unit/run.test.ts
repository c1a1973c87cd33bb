import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { ConsoleEvent, Limits, Outcome, RunReport, ServerMsg, StackFrame } from "../../../web/protocol.ts";
import { INITIAL, canStop, computesLong, limitsOf, openRun, outcomeMessage, questions, replRun, update, usedSoFar, waited, type Action, type Effect, type State } from "../../../web/run.ts";

const LIMITS: Limits = {
  wall_ms: 10_000,
  prompt_ms: 120_000,
  cpu_ms: 5_000,
  heap_bytes: 1,
  buffer_bytes: 1,
  process_bytes: 1,
  output_bytes: 1,
  console_events: 1,
};
const HELLO: Extract<ServerMsg, { type: "hello" }> = {
  type: "hello",
  version: 1,
  engine: "V8",
  limits: LIMITS,
  source_bytes: 100,
  message_bytes: 1000,
  open_runs: 8,
  paused_ms: 0,
};
const A = "00000000-0000-4000-8000-00000000000a";
const B = "00000000-0000-4000-8000-00000000000b";

function event(text: string): ConsoleEvent {
  return { level: "log", args: [], text, line: 1, column: 1, at_ms: 0 };
}

function report(outcome: Outcome, rest: Partial<RunReport> = {}): RunReport {
  return {
    outcome,
    value: null,
    error: null,
    returned: null,
    stopped_at: null,
    usage: { ...LIMITS, wall_ms: 1500, prompt_ms: 0, limits: LIMITS },
    dropped: { events: 0, bytes: 0 },
    ...rest,
  };
}

/** Plays actions one after the other; returns the last state and the effects of the last action. */
function play(...actions: Action[]): { state: State; effects: Effect[] } {
  let state = INITIAL;
  let effects: Effect[] = [];
  for (const action of actions) ({ state, effects } = update(state, action));
  return { state, effects };
}

const open: Action = { type: "connection", connection: { at: "open" } };
const closed: Action = { type: "connection", connection: { at: "closed", retryAt: 0, reason: "", restarts: false } };
const restarts: Action = { type: "connection", connection: { at: "closed", retryAt: 0, reason: "", restarts: true } };
const says = (message: ServerMsg, now = 0): Action => ({ type: "message", message, now });
const runs = (runId = A, source = "1", now = 0): Action => ({ type: "run", runId, program: { source, language: "javascript", mode: "auto" }, now });
const connected = [open, says(HELLO)];
const started = [...connected, runs(), says({ type: "started", run_id: A }, 100)];

describe("a run", () => {
  test("that a restarting server has not begun goes to the next one, once, and the console stays", () => {
    const { state, effects } = play(...connected, runs(), restarts);
    assert.deepEqual(state.phase, { at: "waiting", runId: A, program: { source: "1", language: "javascript", mode: "auto" }, repl: false });
    assert.deepEqual(effects, []);
    const again = update(update(state, open).state, says(HELLO, 5));
    assert.deepEqual(again.effects, [
      { type: "send", message: { type: "run", run_id: A, source: "1", language: "javascript", mode: "auto", usage: true } },
    ]);
    assert.equal(openRun(again.state)?.at, "sent");
  });

  test("that was to stop before a restarting server had begun it is not begun by the next one", () => {
    assert.equal(play(...connected, runs(), { type: "stop" }, restarts).state.phase.at, "idle");
  });

  test("that had begun is never begun again, whatever the server says", () => {
    assert.equal(play(...started, restarts).state.phase.at, "lost");
    assert.equal(play(...connected, runs(), closed).state.phase.at, "lost");
  });

  test("is sent, and empties the console first", () => {
    const { state, effects } = play(...connected, runs());
    assert.deepEqual(effects, [
      { type: "begin" },
      { type: "send", message: { type: "run", run_id: A, source: "1", language: "javascript", mode: "auto", usage: true } },
    ]);
    assert.equal(state.phase.at, "sent");
    assert.ok(canStop(state));
  });

  test("goes through queued and started to finished", () => {
    let { state } = play(...connected, runs(), says({ type: "queued", run_id: A, position: 3 }));
    assert.equal(openRun(state)?.position, 3);
    ({ state } = update(state, says({ type: "queued", run_id: A, position: 1 })));
    assert.equal(openRun(state)?.position, 1);
    ({ state } = update(state, says({ type: "started", run_id: A }, 500)));
    assert.equal(state.phase.at, "running");
    assert.equal(openRun(state)?.since, 500);
    ({ state } = update(state, says({ type: "finished", run_id: A, ...report("completed") })));
    assert.equal(state.phase.at, "finished");
    assert.ok(!canStop(state));
  });

  test("passes its events on", () => {
    const { effects } = play(...started, says({ type: "console", run_id: A, seq: 0, events: [event("a"), event("b")] }));
    assert.deepEqual(effects, [{ type: "events", events: [event("a"), event("b")], late: false }]);
  });

  test("tells of a gap in the numbering, and shows nothing twice", () => {
    const first = says({ type: "console", run_id: A, seq: 0, events: [event("a")] });
    const gap = play(...started, first, says({ type: "console", run_id: A, seq: 3, events: [event("d")] }));
    assert.deepEqual(gap.effects, [
      { type: "notice", level: "warn", text: "2 lines did not arrive." },
      { type: "events", events: [event("d")], late: false },
    ]);
    const twice = play(...started, first, says({ type: "console", run_id: A, seq: 0, events: [event("a"), event("b")] }));
    assert.deepEqual(twice.effects, [{ type: "events", events: [event("b")], late: false }]);
  });

  test("over the limit for source is not sent", () => {
    const { state, effects } = play(...connected, runs(A, "é".repeat(51)));
    assert.equal(state.phase.at, "rejected");
    assert.ok(!effects.some((effect) => effect.type === "send"));
    assert.match(state.phase.message, /102 B long; this server takes at most 100 B/);
  });

  test("of exactly the limit is sent", () => {
    assert.equal(play(...connected, runs(A, "é".repeat(50))).state.phase.at, "sent");
  });
});

describe("stale frames", () => {
  test("of an earlier run are dropped, whatever they are", () => {
    const { state } = play(...started, runs(B), says({ type: "started", run_id: B }));
    for (const message of [
      { type: "queued", run_id: A, position: 1 },
      { type: "started", run_id: A },
      { type: "console", run_id: A, seq: 0, events: [event("late")] },
      { type: "finished", run_id: A, ...report("stopped") },
      { type: "rejected", run_id: A, reason: "busy", message: "no" },
    ] satisfies ServerMsg[]) {
      const step = update(state, says(message));
      assert.deepEqual(step.effects, [], message.type);
      assert.equal(step.state, state, message.type);
    }
  });

  test("after the end are dropped", () => {
    const { state } = play(...started, says({ type: "finished", run_id: A, ...report("completed") }));
    const step = update(state, says({ type: "console", run_id: A, seq: 0, events: [event("late")] }));
    assert.deepEqual(step.effects, []);
  });
});

describe("running again", () => {
  test("stops the open run and starts the new one", () => {
    const { state, effects } = play(...started, runs(B));
    assert.deepEqual(effects.map((effect) => (effect.type === "send" ? effect.message.type : effect.type)), ["stop", "begin", "run"]);
    assert.equal(openRun(state)?.runId, B);
  });

  test("does not stop twice", () => {
    const { effects } = play(...started, { type: "stop" }, runs(B));
    assert.deepEqual(effects.map((effect) => (effect.type === "send" ? effect.message.type : effect.type)), ["begin", "run"]);
  });
});

describe("stop", () => {
  test("is sent once", () => {
    const first = play(...started, { type: "stop" });
    assert.deepEqual(first.effects, [{ type: "send", message: { type: "stop", run_id: A } }]);
    assert.ok(!canStop(first.state));
    assert.deepEqual(update(first.state, { type: "stop" }).effects, []);
  });

  test("does nothing when nothing runs", () => {
    assert.deepEqual(play(...connected, { type: "stop" }).effects, []);
  });

  test("works on a run in the queue", () => {
    const { effects } = play(...connected, runs(), says({ type: "queued", run_id: A, position: 2 }), { type: "stop" });
    assert.deepEqual(effects, [{ type: "send", message: { type: "stop", run_id: A } }]);
  });

  test("is kept through what a run still says", () => {
    const { state } = play(...started, { type: "stop" }, says({ type: "console", run_id: A, seq: 0, events: [event("a")] }));
    assert.equal(openRun(state)?.stopping, true);
  });
});

describe("without a connection", () => {
  test("a run waits, and is sent at hello", () => {
    const waiting = play(runs());
    assert.equal(waiting.state.phase.at, "waiting");
    assert.deepEqual(waiting.effects, [{ type: "begin" }]);
    const sent = play(runs(), open, says(HELLO));
    assert.equal(sent.effects[0]?.type, "send");
    assert.equal(sent.state.phase.at, "sent");
  });

  test("a waiting run can be stopped", () => {
    assert.equal(play(runs(), { type: "stop" }).state.phase.at, "idle");
  });

  test("a run in the middle is lost, and says so", () => {
    const { state, effects } = play(...started, closed);
    assert.equal(state.phase.at, "lost");
    assert.match(state.phase.message, /connection was lost.*Run it again/);
    assert.deepEqual(effects.map((effect) => effect.type), ["notice", "announce"]);
    // Reconnecting neither brings it back nor starts it again.
    const after = update(update(state, open).state, says(HELLO));
    assert.equal(after.state.phase.at, "lost");
    assert.deepEqual(after.effects, []);
  });

  test("a finished run stays as it is", () => {
    const { state } = play(...started, says({ type: "finished", run_id: A, ...report("completed") }), closed);
    assert.equal(state.phase.at, "finished");
  });

  test("a waiting run goes on waiting", () => {
    assert.equal(play(runs(), closed).state.phase.at, "waiting");
  });
});

describe("every outcome", () => {
  const at = { function: "loop", line: 7, column: 3 };
  const cases: [Outcome, Partial<RunReport>, message: RegExp, mark: "error" | "stopped" | null][] = [
    ["completed", {}, /^Completed in 1\.5 s\.$/, null],
    ["failed", { error: { name: "TypeError", message: "no", stack: [at] } }, /^TypeError: no$/, "error"],
    ["failed", { error: { name: "Uncaught", message: "42", stack: [] } }, /^Uncaught 42$/, null],
    ["timed_out", { error: { name: "TimeLimit", message: "Stopped after 10 s", stack: [] }, stopped_at: at }, /^Stopped after 10 s$/, "stopped"],
    ["cpu_exceeded", { error: { name: "CpuLimit", message: "cpu", stack: [] }, stopped_at: at }, /^cpu$/, "stopped"],
    ["memory_exceeded", { error: { name: "MemoryLimit", message: "mem", stack: [] } }, /^mem$/, null],
    ["output_exceeded", { error: { name: "OutputLimit", message: "out", stack: [] }, stopped_at: at }, /^out$/, "stopped"],
    ["stopped", { error: { name: "Stopped", message: "Stopped in loop", stack: [] }, stopped_at: at }, /^Stopped in loop$/, "stopped"],
    ["crashed", { error: { name: "Crashed", message: "crash", stack: [] } }, /^crash$/, null],
  ];
  for (const [outcome, rest, message, mark] of cases) {
    test(`${outcome}${rest.error?.name === "Uncaught" ? " without a stack" : ""}`, () => {
      const ended = report(outcome, rest);
      const { state, effects } = play(...started, says({ type: "finished", run_id: A, ...ended }));
      assert.match(outcomeMessage(ended), message);
      assert.deepEqual(state.phase, { at: "finished", report: ended });
      const marked = effects.find((effect) => effect.type === "mark");
      assert.equal(marked?.kind ?? null, mark);
      if (marked !== undefined) assert.deepEqual(marked.frame, at);
      assert.equal(effects.some((effect) => effect.type === "error"), outcome === "failed");
      assert.equal(effects.at(-1)?.type, "announce");
    });
  }

  test("a value is shown, and what was cut is counted", () => {
    const value = { type: "number", value: 2 } as const;
    const dropped = { events: 1200, bytes: 2048 };
    const { effects } = play(...started, says({ type: "finished", run_id: A, ...report("completed", { value, dropped }) }));
    assert.deepEqual(effects.slice(0, 2), [
      { type: "notice", level: "warn", text: "1,200 lines (2 KiB) not shown: over the limit for output." },
      { type: "result", value },
    ]);
  });
});

describe("questions", () => {
  const asks = (prompt_id: number, message = "?", now = 1_000) =>
    says({ type: "prompt", run_id: A, prompt_id, kind: "prompt", message, default: "d" }, now);
  const answers = (id: number, value: string | null, now = 4_000): Action => ({ type: "answer", id, value, now });

  test("are shown and announced, answered once, and their time is not the program's", () => {
    const asked = play(...started, asks(1, "Your name?"));
    assert.deepEqual(questions(asked.state), [{ id: 1, kind: "prompt", message: "Your name?", proposal: "d" }]);
    assert.deepEqual(asked.effects, [{ type: "announce", text: "The program waits for you: Your name?" }]);
    const answered = update(asked.state, answers(1, "Ada"));
    assert.deepEqual(answered.effects, [{ type: "send", message: { type: "input", run_id: A, prompt_id: 1, value: "Ada" } }]);
    assert.deepEqual(questions(answered.state), []);
    const open = openRun(answered.state);
    assert.equal(open === null ? null : waited(open, 9_000), 3_000);
    assert.deepEqual(update(answered.state, answers(1, "again")).effects, []);
  });

  test("can be two, and the wait ends with the last", () => {
    const { state } = play(...started, asks(1), asks(2, "!", 2_000), answers(2, null, 3_000));
    assert.deepEqual(questions(state).map(({ id }) => id), [1]);
    const open = openRun(state);
    assert.equal(open === null ? null : waited(open, 5_000), 4_000);
  });

  test("go with the run, and when it is told to stop", () => {
    for (const end of [says({ type: "finished", run_id: A, ...report("stopped") }), { type: "stop" } as const, closed, runs(B)]) {
      assert.deepEqual(questions(play(...started, asks(1), end).state), [], end.type);
    }
  });

  test("of another run are dropped", () => {
    assert.deepEqual(questions(play(...started, runs(B), asks(1)).state), []);
  });

  test("may wait as long as the server says", () => {
    const { state } = play(...started, asks(1, "?", 100));
    assert.deepEqual(update(state, { type: "tick", now: 145_100 }).effects, []);
    assert.equal(update(state, { type: "tick", now: 145_101 }).state.phase.at, "lost");
  });

  test("are told of at the end", () => {
    const usage = { ...report("completed").usage, prompt_ms: 12_300 };
    assert.equal(outcomeMessage(report("completed", { usage })), "Completed in 1.5 s, and waited 12.3 s for you.");
  });
});

describe("rejections", () => {
  test("of the run say why and when to try again", () => {
    const { state } = play(...connected, runs(), says({ type: "rejected", run_id: A, reason: "busy", message: "full", retry_after_ms: 2000 }, 500));
    assert.deepEqual(state.phase, { at: "rejected", message: "full", retryAt: 2500 });
  });

  test("of a run that lost its turn in the queue end it", () => {
    const queued = says({ type: "queued", run_id: A, position: 3 });
    const lost = says({ type: "rejected", run_id: A, reason: "busy", message: "lost", retry_after_ms: 1000 }, 500);
    const { state } = play(...connected, runs(), queued, lost);
    assert.deepEqual(state.phase, { at: "rejected", message: "lost", retryAt: 1500 });
    // What else is turned down while it waits leaves it where it is.
    const other = says({ type: "rejected", run_id: A, reason: "unknown_prompt", message: "no" });
    assert.equal(play(...connected, runs(), queued, other).state.phase.at, "queued");
  });

  test("that name no run are about the one just sent", () => {
    const { state } = play(...connected, runs(), says({ type: "rejected", reason: "bad_request", message: "bad" }));
    assert.deepEqual(state.phase, { at: "rejected", message: "bad", retryAt: null });
  });

  test("do not touch a run that was accepted", () => {
    const { state, effects } = play(...started, says({ type: "rejected", run_id: A, reason: "duplicate_run_id", message: "used" }));
    assert.equal(state.phase.at, "running");
    assert.deepEqual(effects, [{ type: "notice", level: "warn", text: "used" }]);
  });

  test("let a new run be tried", () => {
    const { state } = play(...connected, runs(), says({ type: "rejected", run_id: A, reason: "busy", message: "full" }), runs(B));
    assert.equal(openRun(state)?.runId, B);
  });
});

describe("time", () => {
  test("a run that keeps silent for too long is given up", () => {
    const { state } = play(...started);
    assert.deepEqual(update(state, { type: "tick", now: 25_100 }).effects, []);
    const late = update(state, { type: "tick", now: 25_101 });
    assert.equal(late.state.phase.at, "lost");
    assert.deepEqual(late.effects.map((effect) => effect.type), ["notice", "announce", "reconnect"]);
  });

  test("a run that speaks is not", () => {
    const { state } = play(...started, says({ type: "console", run_id: A, seq: 0, events: [event("a")] }, 20_000));
    assert.deepEqual(update(state, { type: "tick", now: 40_000 }).effects, []);
  });

  test("a queued run may wait", () => {
    const { state } = play(...connected, runs(), says({ type: "queued", run_id: A, position: 9 }));
    assert.deepEqual(update(state, { type: "tick", now: 10_000_000 }).effects, []);
  });

  test("a run that is never answered is given up", () => {
    assert.equal(update(play(...connected, runs()).state, { type: "tick", now: 15_001 }).state.phase.at, "lost");
  });
});

describe("evaluations", () => {
  const withRepl: Action[] = [
    { type: "connection", connection: { at: "open" } },
    says({ ...HELLO, paused_ms: 60_000 }),
    { type: "run", runId: A, program: { source: "1", language: "javascript", mode: "auto" }, repl: true, now: 0 },
    says({ type: "started", run_id: A }),
  ];
  const paused = (left_ms: number, now: number): Action => says({ type: "paused", run_id: A, left_ms }, now);
  const ended = says({ type: "paused", run_id: A, left_ms: 60_000, report: report("completed") }, 1_000);
  const types = (effects: Effect[]) => effects.map(({ type }) => type);
  const evaluates = (source: string, now = 2_000): Action => ({ type: "evaluate", source, now });

  test("are asked for where the server has a place for them, and only there", () => {
    const sent = (hello: number, repl: boolean) => {
      const { effects } = play({ type: "connection", connection: { at: "open" } }, says({ ...HELLO, paused_ms: hello }), { type: "run", runId: A, program: { source: "1", language: "javascript", mode: "auto" }, repl, now: 0 });
      const send = effects.find((effect) => effect.type === "send");
      assert.ok(send?.message.type === "run");
      return send.message.repl;
    };
    assert.deepEqual([sent(1, true), sent(1, false), sent(0, true)], [true, undefined, undefined]);
    // The program's own runs go on as ever.
    assert.equal(replRun(play(...started).state), null);
  });

  test("go to the running program, and to the one that stays", () => {
    const running = play(...withRepl);
    const first = update(running.state, evaluates("a"));
    assert.deepEqual(first.effects, [
      { type: "input", source: "a" },
      { type: "send", message: { type: "evaluate", run_id: A, evaluation_id: 1, source: "a" } },
    ]);
    assert.deepEqual(replRun(first.state)?.evaluating, [1]);
    assert.deepEqual(update(first.state, evaluates("  ")).effects, [], "nothing is nothing to evaluate");
    const told = update(first.state, says({ type: "evaluated", run_id: A, evaluation_id: 1, value: { type: "null" } }));
    assert.deepEqual(told.effects, [{ type: "result", value: { type: "null" } }]);
    const stays = update(told.state, ended);
    assert.equal(stays.state.phase.at, "finished");
    assert.equal(replRun(stays.state)?.until, 61_000);
    assert.ok(!canStop(stays.state), "there is nothing to stop");
    const busy = update(stays.state, evaluates("b"));
    assert.deepEqual([replRun(busy.state)?.until, replRun(busy.state)?.evaluating, canStop(busy.state)], [null, [2], true]);
    const error = { name: "E", message: "m", stack: [] };
    const thrown = update(busy.state, says({ type: "evaluated", run_id: A, evaluation_id: 2, error }));
    assert.deepEqual(types(thrown.effects), ["error", "announce"]);
    assert.equal(replRun(update(thrown.state, paused(5_000, 9_000)).state)?.until, 14_000);
    const late = update(thrown.state, says({ type: "console", run_id: A, seq: 0, events: [event("late")] }));
    assert.deepEqual(late.effects, [{ type: "events", events: [event("late")], late: true }]);
  });

  test("end with the run, which tells only what is new", () => {
    const { state } = play(...withRepl, ended);
    const gone = (rest: RunReport) => update(state, says({ type: "finished", run_id: A, ...rest }));
    assert.deepEqual(gone(report("completed")).effects, []);
    assert.equal(gone(report("completed")).state.alive, null);
    assert.equal(gone(report("completed")).state.phase.at, "finished");
    const over = gone(report("cpu_exceeded", { error: { name: "CpuLimit", message: "Too much.", stack: [] } }));
    assert.deepEqual(types(over.effects), ["notice", "announce"]);
    assert.ok(over.state.phase.at === "finished" && over.state.phase.report.outcome === "completed");
    const released = update(state, says({ type: "released", run_id: A, reason: "others" }));
    assert.deepEqual(types(released.effects), ["notice"]);
    assert.equal(replRun(released.state), null);
    // By the visitor, by the next run, by the connection, and by a server that forgets to say so.
    const stopped = update(state, { type: "stop" });
    assert.deepEqual(stopped.effects, [{ type: "send", message: { type: "stop", run_id: A } }]);
    assert.equal(replRun(stopped.state), null);
    const next = update(state, runs(B));
    assert.deepEqual(types(next.effects), ["send", "begin", "send"]);
    assert.equal(next.state.alive, null);
    assert.equal(update(state, { type: "connection", connection: { at: "closed", retryAt: 0, reason: "", restarts: false } }).state.alive, null);
    assert.notEqual(update(state, { type: "tick", now: 76_000 }).state.alive, null);
    assert.equal(update(state, { type: "tick", now: 76_001 }).state.alive, null);
  });

  test("may ask, and are answered", () => {
    const { state } = play(...withRepl, ended, evaluates("prompt()"), says({ type: "prompt", run_id: A, prompt_id: 1, kind: "prompt", message: "?" }));
    assert.equal(questions(state).length, 1);
    const answered = update(state, { type: "answer", id: 1, value: "x", now: 5_000 });
    assert.deepEqual(answered.effects, [{ type: "send", message: { type: "input", run_id: A, prompt_id: 1, value: "x" } }]);
    assert.equal(questions(answered.state).length, 0);
  });
});

test("a server of another version is told of", () => {
  const { effects } = play(open, says({ ...HELLO, version: 2 }));
  assert.match(effects[0]?.type === "notice" ? effects[0].text : "", /Reload the page; your program is kept/);
});

test("an unreadable frame is told of and changes nothing", () => {
  const { state } = play(...started);
  const step = update(state, { type: "unreadable" });
  assert.equal(step.state, state);
  assert.equal(step.effects[0]?.type, "notice");
});

describe("what a run uses", () => {
  const limits = (cpu_ms: number): Limits => ({ ...LIMITS, cpu_ms, wall_ms: 60_000 });
  const uses = (cpu_ms: number, allowed = 30_000, at: StackFrame | null = { function: "spin", line: 7, column: 3 }, run_id = A): Action =>
    says({ type: "usage", run_id, usage: { ...LIMITS, cpu_ms, wall_ms: 1, prompt_ms: 0, limits: limits(allowed) }, ...(at === null ? {} : { at }) });

  test("is known as far as the server has told, and the time by the page's own clock", () => {
    const { state } = play(...started);
    assert.deepEqual(usedSoFar(state, 600), { wall_ms: 500 });
    assert.deepEqual(limitsOf(state), LIMITS);
    const told = play(...started, uses(400)).state;
    assert.deepEqual([usedSoFar(told, 1_100)?.wall_ms, usedSoFar(told, 1_100)?.cpu_ms], [1_000, 400]);
    assert.equal(limitsOf(told)?.cpu_ms, 30_000);
    assert.equal(usedSoFar(play(...connected).state, 5), null);
    assert.equal(usedSoFar(play(...started, uses(400, 30_000, null, B)).state, 5)?.cpu_ms, undefined, "of another run");
  });

  test("is asked about once when it computes for 5 s, with its place, and said aloud", () => {
    assert.equal(computesLong(play(...started, uses(4_999)).state), null);
    const { state, effects } = play(...started, uses(5_400));
    assert.equal(computesLong(state)?.text, "This has been running for 5 s at line 7.");
    assert.equal(computesLong(state)?.until, 30_000);
    assert.deepEqual(effects, [{ type: "announce", text: "This has been running for 5 s at line 7." }]);
    const later = play(...started, uses(5_400), uses(6_100));
    assert.deepEqual([computesLong(later.state)?.text, later.effects], ["This has been running for 6 s at line 7.", []]);
    const elsewhere = play(...started, uses(5_400, 30_000, { function: "f", line: 2, column: 1, file: "lib/a.js" }));
    assert.equal(computesLong(elsewhere.state)?.text, "This has been running for 5 s at lib/a.js:2.");
  });

  test("is not asked about where the end is near anyway, while it waits, or once it may go on or is to stop", () => {
    assert.equal(computesLong(play(...started, uses(5_400, 5_000)).state), null);
    assert.equal(computesLong(play(...started, uses(5_400, 30_000, null)).state), null);
    assert.equal(computesLong(play(...started, uses(5_400), { type: "go_on" }, uses(9_000)).state), null);
    assert.equal(computesLong(play(...started, uses(5_400), { type: "stop" }).state), null);
    assert.equal(computesLong(play(...started, uses(5_400), says({ type: "finished", run_id: A, ...report("completed") })).state), null);
    assert.equal(play({ type: "go_on" }).state, INITIAL);
  });
});
