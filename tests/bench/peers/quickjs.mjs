// A new context for each run, of QuickJS compiled to WebAssembly.

import { getQuickJS } from "quickjs-emscripten";

import { CONSOLE, MEMORY_MB, TIMEOUT_MS, serve } from "./serve.mjs";

const quickjs = await getQuickJS();

serve((source, log) => {
  const runtime = quickjs.newRuntime();
  const context = runtime.newContext();
  try {
    runtime.setMemoryLimit(MEMORY_MB << 20);
    const deadline = Date.now() + TIMEOUT_MS;
    runtime.setInterruptHandler(() => Date.now() > deadline);
    const send = context.newFunction("__send", (text) => log(context.getString(text)));
    context.setProp(context.global, "__send", send);
    send.dispose();
    for (const code of [CONSOLE, source]) {
      const result = context.evalCode(code);
      if (result.error) {
        const message = context.dump(result.error);
        result.error.dispose();
        throw new Error(message.message ?? String(message));
      }
      result.value.dispose();
    }
  } finally {
    context.dispose();
    runtime.dispose();
  }
});
