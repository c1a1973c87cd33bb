// A new isolate for each run, in one shared process.

import ivm from "isolated-vm";

import { CONSOLE, MEMORY_MB, TIMEOUT_MS, serve } from "./serve.mjs";

serve(async (source, log) => {
  const isolate = new ivm.Isolate({ memoryLimit: MEMORY_MB });
  try {
    const context = await isolate.createContext();
    // Nobody waits for what `log` returns, which is the fastest way out of an isolate.
    await context.global.set("__send", new ivm.Callback(log, { ignored: true }));
    await context.eval(CONSOLE);
    const script = await isolate.compileScript(source);
    await script.run(context, { timeout: TIMEOUT_MS });
  } finally {
    // It is gone already when it used too much memory.
    if (!isolate.isDisposed) isolate.dispose();
  }
});
