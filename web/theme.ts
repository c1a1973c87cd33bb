// Sets the chosen theme before the first paint: loaded as a classic script, alone, in the page's head.
// Choosing is in theme-choice.ts.

import { load } from "./storage.ts";

const theme = load("mayfly.theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
