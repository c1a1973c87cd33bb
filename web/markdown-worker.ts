// The worker that turns Markdown into HTML. See web/background.ts.

import type { FromBackground } from "./background.ts";
import { markdown } from "./markdown.ts";

const reply = (message: FromBackground<string>) => {
  postMessage(message);
};

addEventListener("message", ({ data }: MessageEvent<string>) => {
  reply({ answer: markdown(data) });
});
reply(null);
