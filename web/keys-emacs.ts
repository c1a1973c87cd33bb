// Emacs' keys.

import { emacs } from "@replit/codemirror-emacs";

/** The extension. */
export const emacsKeys = emacs();
