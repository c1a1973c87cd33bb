// The page that helps to embed an editor: choose, see it live, copy the tag.

import { byId } from "../dom.ts";
import { SettingsStore } from "../settings.ts";
import { currentLocale, translatePage, useLocale } from "../strings/words.ts";
import { wizardWords } from "../strings/wizard.ts";
import { themeChoice } from "../theme-choice.ts";
import { editorTag, scriptTag, type Choice } from "./tag.ts";

await useLocale(new SettingsStore().now.locale);
translatePage(document, wizardWords[currentLocale()]);

/** For how long typing must pause before the editor shown is made anew, in milliseconds. */
const PAUSE_MS = 400;

const form = byId("options", HTMLFormElement);
const shown = byId("shown", HTMLElement);
const tag = byId("tag", HTMLTextAreaElement);
const live = byId("live", HTMLElement);
let timer: ReturnType<typeof setTimeout> | undefined;

function choice(): Choice {
  const data = new FormData(form);
  const text = (name: string) => {
    const value = data.get(name);
    return typeof value === "string" ? value : "";
  };
  const attributes: Record<string, string> = {};
  for (const name of ["snippet", "language", "mode", "theme", "autorun", "console", "height", "run-label", "label"]) {
    attributes[name] = text(name);
  }
  attributes["hide"] = data.getAll("hide").filter((part) => typeof part === "string").join(" ");
  attributes["readonly"] = String(data.has("readonly"));
  return { attributes, code: text("code"), setup: text("setup"), check: text("check") };
}

function show(): void {
  const { attributes, code, setup, check } = choice();
  tag.value = `${scriptTag(location.origin)}\n\n${editorTag({ attributes, code, setup, check })}`;
  const editor = document.createElement("mayfly-editor");
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== "" && value !== "false") editor.setAttribute(name, value === "true" ? "" : value);
  }
  // What the visitor has set this page to, an editor that follows its page shows, too.
  const { theme } = document.documentElement.dataset;
  if (attributes["theme"] === "auto" && theme !== undefined) editor.setAttribute("theme", theme);
  editor.setAttribute("setup", setup);
  editor.setAttribute("check", check);
  editor.append(code);
  shown.replaceChildren(editor);
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(show, PAUSE_MS);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
});
byId("copy", HTMLButtonElement).addEventListener("click", () => {
  tag.focus();
  tag.select();
  navigator.clipboard.writeText(tag.value).then(
    () => {
      live.textContent = wizardWords[currentLocale()].tagCopied;
    },
    () => {
      live.textContent = wizardWords[currentLocale()].tagSelected;
    },
  );
});
byId("theme", HTMLButtonElement).addEventListener("click", () => {
  setTimeout(show);
});
themeChoice(byId("theme", HTMLButtonElement));
const snippet = new URLSearchParams(location.search).get("snippet");
if (snippet !== null) byId("snippet", HTMLInputElement).value = snippet;
show();
