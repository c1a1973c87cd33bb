// https://nodejs.org/docs/latest-v20.x/api/os.html, its constants
import os, { EOL, constants } from "node:os";

test("constants, and nothing about the machine", () => {
  equal([EOL, os.devNull], ["\n", "/dev/null"]);
  equal([constants.signals.SIGKILL, constants.signals.SIGTERM, constants.errno.ENOENT, constants.priority.PRIORITY_LOW], [9, 15, 2, 19]);
});
