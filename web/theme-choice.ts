// The button that goes round automatic, light and dark, and remembers. theme.ts applies it on the next load.

import { load, save } from "./storage.ts";
import { words } from "./strings/words.ts";

const KEY = "mayfly.theme";
const NEXT = { auto: "light", light: "dark", dark: "auto" } as const;

type Theme = keyof typeof NEXT;

function isTheme(name: string | null): name is Theme {
  return name !== null && name in NEXT;
}

/** Makes `toggle` change the theme. */
export function themeChoice(toggle: HTMLButtonElement): void {
  const stored = load(KEY);
  let theme: Theme = isTheme(stored) ? stored : "auto";
  const show = () => {
    if (theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    toggle.dataset["theme"] = theme;
    const { themeIs, themeClick, themeNames } = words();
    toggle.setAttribute("aria-label", themeIs(themeNames[theme]));
    toggle.title = themeClick(themeNames[theme], themeNames[NEXT[theme]]);
  };
  show();
  toggle.addEventListener("click", () => {
    theme = NEXT[theme];
    save(KEY, theme === "auto" ? null : theme);
    show();
  });
}
