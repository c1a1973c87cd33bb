// Tests of sum.js. Add some, and press Run.
import assert from "node:assert/strict";
import { sum } from "./sum.js";

const tests = {
  "adds what it is given"() {
    assert.equal(sum(1, 2, 3), 6);
  },
  "of nothing is nothing"() {
    assert.equal(sum(), 0);
  },
  async "waits, too"() {
    assert.equal(sum(await 1, await 2), 3);
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`%c✓%c ${name}`, "color: green", "");
  } catch (error) {
    failed++;
    console.error(`✗ ${name}`, error);
  }
}
console.log(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
