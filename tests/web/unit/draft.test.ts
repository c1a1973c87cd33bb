import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Draft } from "../../../web/draft.ts";
import { load, save, type Store } from "../../../web/storage.ts";

class MemoryStore implements Store {
  kept = new Map<string, string>();
  writes = 0;

  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.writes += 1;
    this.kept.set(key, value);
  }

  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

function forbidden(): never {
  throw new DOMException("storage is off", "SecurityError");
}

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => {
  mock.timers.reset();
});

test("typing is stored once, after a pause, as it is by then", () => {
  const store = new MemoryStore();
  const draft = new Draft({ store: () => store });
  let text = "";
  for (const letter of "mayfly") {
    text += letter;
    draft.changed(() => text);
    mock.timers.tick(299);
  }
  assert.equal(store.writes, 0);
  mock.timers.tick(1);
  assert.equal(store.writes, 1);
  assert.equal(new Draft({ store: () => store }).load(), "mayfly");
});

test("flush stores at once, and nothing is stored again", () => {
  const store = new MemoryStore();
  const draft = new Draft({ store: () => store });
  draft.flush();
  assert.equal(store.writes, 0);
  draft.changed(() => "a");
  draft.flush();
  mock.timers.tick(1000);
  assert.equal(store.writes, 1);
});

test("an empty program is a draft, too", () => {
  const store = new MemoryStore();
  const draft = new Draft({ store: () => store });
  assert.equal(draft.load(), null);
  draft.changed(() => "");
  draft.flush();
  assert.equal(draft.load(), "");
});

test("storage that is forbidden or full is told of and does no harm", () => {
  const told: boolean[] = [];
  const draft = new Draft({ store: forbidden, onSaved: (ok) => told.push(ok) });
  assert.equal(draft.load(), null);
  draft.changed(() => "a");
  draft.flush();
  const full = new MemoryStore();
  full.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  const fullDraft = new Draft({ store: () => full, onSaved: (ok) => told.push(ok) });
  fullDraft.changed(() => "a");
  fullDraft.flush();
  assert.deepEqual(told, [false, false]);
});

test("saving null removes", () => {
  const store = new MemoryStore();
  assert.ok(save("key", "value", () => store));
  assert.ok(save("key", null, () => store));
  assert.equal(load("key", () => store), null);
});
