// What the program is written in: a choice that the browser remembers.

import type { Language } from "./protocol.ts";
import { load, save } from "./storage.ts";

const KEY = "mayfly.language";
const NAMES: Record<Language, string> = { javascript: "JavaScript", typescript: "TypeScript", jsx: "JSX", tsx: "TSX" };

function isLanguage(name: string | null): name is Language {
  return name !== null && Object.hasOwn(NAMES, name);
}

/** Fills `select` with the languages. Gives the one chosen, whenever asked, and tells of every choice. `given` is that of a program that came with one. */
export function languageChoice(select: HTMLSelectElement, onChoice: (language: Language) => void, given?: Language): () => Language {
  for (const [value, name] of Object.entries(NAMES)) select.append(new Option(name, value));
  const stored = given ?? load(KEY);
  let language: Language = isLanguage(stored) ? stored : "javascript";
  select.value = language;
  onChoice(language);
  select.addEventListener("change", () => {
    if (!isLanguage(select.value)) return;
    language = select.value;
    save(KEY, language === "javascript" ? null : language);
    onChoice(language);
  });
  return () => language;
}
