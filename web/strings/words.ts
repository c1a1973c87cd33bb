// The page's words in the visitor's language. English is part of the page; other languages are loaded when they
// are wanted, before anything is shown. To add one: translate en.ts, and name it here and in settings.ts.

import { en, type Words } from "./en.ts";

/** The languages there are, by their own names. */
export const LOCALES = { en: "English", de: "Deutsch", es: "Español" } as const;

/** A language. */
export type Locale = keyof typeof LOCALES;

const LOADERS: Record<Exclude<Locale, "en">, () => Promise<Words>> = {
  de: async () => (await import("./de.ts")).de,
  es: async () => (await import("./es.ts")).es,
};

/** Languages written from right to left, by their first subtag, for when there is one. */
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

let chosen: Words = en;
let locale: Locale = "en";

/** The page's words. */
export function words(): Words {
  return chosen;
}

/** The language that they are in. */
export function currentLocale(): Locale {
  return locale;
}

/** The first of the languages that a visitor reads which there is. */
export function pick(wanted: readonly string[]): Locale {
  for (const tag of wanted) {
    const [language = ""] = tag.toLowerCase().split("-");
    if (Object.hasOwn(LOCALES, language)) return language as Locale;
  }
  return "en";
}

/** Loads a language; `auto` is the first of the browser's that there is. */
export async function useLocale(setting: Locale | "auto"): Promise<void> {
  locale = setting === "auto" ? pick(navigator.languages) : setting;
  chosen = en;
  if (locale === "en") return;
  try {
    chosen = await LOADERS[locale]();
  } catch {
    // Without its file the page is in English, and works.
    locale = "en";
  }
}

/** Puts the words into a page made by the server: elements name theirs in data-words, data-words-label and data-words-title. A page may have words of its own. */
export function translatePage(document: Document, own: Readonly<Record<string, unknown>> = chosen): void {
  document.documentElement.lang = locale;
  document.documentElement.dir = RIGHT_TO_LEFT.has(locale) ? "rtl" : "ltr";
  if (locale === "en") return;
  const of = (name: string | undefined): string | null => {
    const found = name === undefined ? undefined : own[name];
    return typeof found === "string" ? found : null;
  };
  for (const element of document.querySelectorAll<HTMLElement>("[data-words], [data-words-label], [data-words-title]")) {
    const text = of(element.dataset["words"]);
    const label = of(element.dataset["wordsLabel"]);
    const title = of(element.dataset["wordsTitle"]);
    if (text !== null) element.textContent = text;
    if (label !== null) element.setAttribute("aria-label", label);
    if (title !== null) element.title = title;
  }
}
