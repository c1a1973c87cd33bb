// Sets what the first paint depends on: the chosen theme, and whether someone has been here before. Loaded as a
// classic script, alone, in the page's head. Choosing is in theme-choice.ts, visiting in welcome.ts.

import { load } from "./storage.ts";

if (load("mayfly.visited") !== null) document.documentElement.dataset["visited"] = "";
const theme = load("mayfly.theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
