// A new VM for each run: a context in the server's own isolate, with proxies around what crosses its border.

import { VM } from "vm2";

import { CONSOLE, TIMEOUT_MS, serve } from "./serve.mjs";

serve((source, log) => {
  const vm = new VM({ timeout: TIMEOUT_MS, sandbox: { __send: log } });
  vm.run(CONSOLE);
  vm.run(source);
});
