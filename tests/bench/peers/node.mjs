// `node` for each run, which confines nothing.

import { MEMORY_MB } from "./serve.mjs";
import { serveProcess } from "./subprocess.mjs";

serveProcess(process.execPath, [`--max-old-space-size=${MEMORY_MB}`, "-"], { NO_COLOR: "1" });
