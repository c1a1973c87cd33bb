// Lets the program be typed into before the editor is there: as plain text, from the page's first paint on. Stands in
// the page itself, right behind its text box; adopt.ts hands over to the editor what was done meanwhile.

import { parse } from "./files.ts";
import { load } from "./storage.ts";

declare const FIRST_PROGRAM: string;

const box = document.getElementById("early");
if (box instanceof HTMLTextAreaElement) {
  const { files, active } = parse(load("mayfly.draft") ?? FIRST_PROGRAM);
  // What it began with: the editor is told what is different.
  box.defaultValue = files.find(({ name }) => name === active)?.content ?? "";
  box.setSelectionRange(0, 0);
  box.style.setProperty("--digits", String(String(box.value.split("\n").length).length));
  box.hidden = false;
  box.addEventListener("compositionstart", () => {
    box.dataset["composing"] = "";
  });
  box.addEventListener("compositionend", () => {
    delete box.dataset["composing"];
  });
  // Where measurements find it.
  performance.mark("mayfly.ready");
  const wishes = document.documentElement.dataset;
  const wish = () => {
    wishes["wish"] = "run";
  };
  document.getElementById("run")?.addEventListener("click", wish);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    wish();
  });
}
