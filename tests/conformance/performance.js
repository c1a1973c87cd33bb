// https://w3c.github.io/hr-time/, https://w3c.github.io/user-timing/, https://w3c.github.io/performance-timeline/

test("the clock", async () => {
  ok(performance instanceof Performance);
  const first = performance.now();
  equal(typeof first, "number");
  ok(first >= 0 && first < 10_000, "it counts from the start of the run");
  ok(performance.now() >= first, "it never goes back");
  await sleep(3);
  ok(performance.now() - first >= 2, "it goes on");
  ok(Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 1_000, "timeOrigin is on the clock of Date");
  const json = performance.toJSON();
  equal(json.timeOrigin, performance.timeOrigin);
});

test("marks", () => {
  const mark = performance.mark("a", { detail: { deep: [1] }, startTime: 5 });
  equal([mark.name, mark.entryType, mark.startTime, mark.duration, mark.detail], ["a", "mark", 5, 0, { deep: [1] }]);
  ok(mark instanceof PerformanceMark && mark instanceof PerformanceEntry);
  equal(performance.mark("b").detail, null);
  const detail = {};
  ok(performance.mark("c", { detail }).detail !== detail, "the detail is cloned");
  throws("DataCloneError", () => performance.mark("d", { detail: () => {} }));
  throws(TypeError, () => performance.mark("d", { startTime: -1 }));
  throws(TypeError, () => performance.mark());
  equal(new PerformanceMark("e").name, "e", "one outside of the timeline");
  equal(performance.getEntriesByName("e"), []);
  performance.clearMarks();
});

test("measures", () => {
  performance.mark("from", { startTime: 1 });
  performance.mark("to", { startTime: 4 });
  const measure = performance.measure("m", "from", "to");
  equal([measure.name, measure.entryType, measure.startTime, measure.duration], ["m", "measure", 1, 3]);
  ok(measure instanceof PerformanceMeasure && measure instanceof PerformanceEntry);
  equal(performance.measure("m2", { start: 2, end: 5, detail: 1 }).duration, 3);
  equal(performance.measure("m3", { start: 2, duration: 5 }).duration, 5);
  equal(performance.measure("m4", { duration: 2, end: "to" }).startTime, 2);
  equal(performance.measure("m5", undefined, "to").startTime, 0);
  ok(performance.measure("m6").duration > 0);
  throws("SyntaxError", () => performance.measure("x", "nowhere"));
  throws(TypeError, () => performance.measure("x", { start: 1, end: 2, duration: 1 }));
  throws(TypeError, () => performance.measure("x", { start: 1 }, "to"));
  const json = measure.toJSON();
  equal([json.name, json.entryType, json.startTime, json.duration], ["m", "measure", 1, 3]);
  performance.clearMarks();
  performance.clearMeasures();
});

test("the timeline", () => {
  performance.mark("b", { startTime: 2 });
  performance.mark("a", { startTime: 1 });
  performance.mark("b", { startTime: 3 });
  performance.measure("b", { start: 0, end: 1 });
  equal(performance.getEntries().map((entry) => entry.startTime).sort(), [0, 1, 2, 3]);
  equal(performance.getEntriesByType("mark").map((entry) => entry.name).sort(), ["a", "b", "b"]);
  equal(performance.getEntriesByName("b").length, 3);
  equal(performance.getEntriesByName("b", "mark").length, 2);
  equal(performance.getEntriesByType("x"), []);
  performance.clearMarks("b");
  equal(performance.getEntries().map((entry) => entry.name).sort(), ["a", "b"]);
  performance.clearMeasures();
  performance.clearMarks();
  equal(performance.getEntries(), []);
  throws(TypeError, () => new Performance());
  throws(TypeError, () => new PerformanceEntry());
  throws(TypeError, () => new PerformanceMeasure());
});

known("deno_web lists entries in the order they were made", "the timeline is in the order of times", () => {
  performance.mark("later", { startTime: 2 });
  performance.mark("sooner", { startTime: 1 });
  const names = performance.getEntries().map((entry) => entry.name);
  performance.clearMarks();
  equal(names, ["sooner", "later"]);
});
known("deno_web measures from the start of the run", "options without a start or an end", () => {
  throws(TypeError, () => performance.measure("x", { detail: 1 }));
  performance.clearMeasures();
});
