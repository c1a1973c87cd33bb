// The worker that turns Markdown into HTML. See web/background.ts.

import type { FromBackground } from "./background.ts";
import { markdown } from "./markdown.ts";

const reply = (message: FromBackground<string>) => {
  postMessage(message);
};

addEventListener("message", ({ data }: MessageEvent<string>) => {
  try {
    reply({ answer: markdown(data) });
  } catch {
    // Some texts are nested more deeply than it can follow.
    reply({ failed: "broken" });
  }
});
reply(null);
