// What a file is written in: its name says it, and the choice on the page changes that.

import type { Language } from "./protocol.ts";

/** What names of files in each language end in; the first is what a chosen language makes of a name. */
const ENDS: Record<Language, readonly [string, ...string[]]> = {
  javascript: [".js", ".mjs", ".cjs"],
  typescript: [".ts", ".mts", ".cts"],
  jsx: [".jsx"],
  tsx: [".tsx"],
};

/** The language of a file of this name; null for one that is no program, such as JSON. */
export function languageOf(name: string): Language | null {
  const languages = Object.keys(ENDS) as Language[];
  return languages.find((language) => ENDS[language].some((end) => name.endsWith(end))) ?? null;
}

/** Has `select`, in which the languages are, tell what the name of the file is to end in when one is chosen. Gives what shows a file's. */
export function languageChoice(select: HTMLSelectElement, onChoice: (end: string) => void): (name: string) => void {
  select.addEventListener("change", () => {
    const [end] = ENDS[select.value as Language];
    onChoice(end);
  });
  return (name) => {
    const language = languageOf(name);
    select.value = language ?? "";
    select.disabled = language === null;
  };
}
