// Vim's keys, with a line that tells the mode.

import { vim } from "@replit/codemirror-vim";

/** The extension. */
export const vimKeys = vim({ status: true });
