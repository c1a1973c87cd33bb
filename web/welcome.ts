// What a first visit sees: one sentence that says what this is, and a program that runs. The sentence comes with the
// page, so that nothing moves when this code does; theme.ts hides it from whoever was here before.

import { byId } from "./dom.ts";
import { save } from "./storage.ts";

const KEY = "mayfly.visited";

/** Whether nobody has been here before with this browser; from now on, someone has. */
export function isFirstVisit(): boolean {
  const { dataset } = document.documentElement;
  // A browser that keeps nothing would say so each time: it is told nothing.
  if (dataset["visited"] === undefined && save(KEY, "1")) return true;
  dataset["visited"] = "";
  return false;
}

/** Lets the sentence be put away. */
export function welcome(): void {
  byId("welcome-close", HTMLButtonElement).addEventListener("click", () => {
    document.documentElement.dataset["visited"] = "";
    byId("run", HTMLButtonElement).focus();
  });
}
