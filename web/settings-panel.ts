// The settings as a panel. Loaded when it is first opened.

import { button, el } from "./dom.ts";
import { DEFAULTS, FONT_SIZES, choices, type Choices, type SettingsStore } from "./settings.ts";
import { LOCALES, words } from "./strings/words.ts";

/** The size that the text has while none is set, in pixels; the page has a larger one on phones. */
function ownSize(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--code-size")) || 14;
}

/** Fills `panel` with controls for the settings. */
export function fillSettings(panel: HTMLElement, settings: SettingsStore): void {
  const selects: (() => void)[] = [];
  const choice = <Name extends keyof Choices>(name: Name, label: string, titles: Record<Choices[Name], string>) => {
    const select = el("select", "field");
    for (const value of choices(name)) {
      const option = el("option", "", titles[value]);
      option.value = value;
      select.append(option);
    }
    select.addEventListener("change", () => {
      const value = choices(name).find((it) => it === select.value);
      if (value !== undefined) settings.set({ [name]: value });
    });
    selects.push(() => {
      select.value = settings.now[name];
    });
    return el("label", "setting", el("span", "", label), select);
  };
  const flag = (name: "wrap" | "guides" | "assist" | "autoRun", label: string) => {
    const box = el("input", "check");
    box.type = "checkbox";
    box.addEventListener("change", () => {
      settings.set({ [name]: box.checked });
    });
    selects.push(() => {
      box.checked = settings.now[name];
    });
    return el("label", "setting", el("span", "", label), box);
  };
  const size = el("input", "field size");
  size.type = "number";
  size.min = String(FONT_SIZES.least);
  size.max = String(FONT_SIZES.most);
  size.step = "0.5";
  size.addEventListener("change", () => {
    const value = Number.parseFloat(size.value);
    settings.set({ fontSize: Number.isNaN(value) ? null : Math.min(Math.max(value, FONT_SIZES.least), FONT_SIZES.most) });
  });
  selects.push(() => {
    size.value = String(settings.now.fontSize ?? ownSize());
  });
  const { settingTitles: titles } = words();
  panel.append(
    el("label", "setting", el("span", "", titles.fontSize), size),
    flag("wrap", titles.wrap),
    flag("guides", titles.guides),
    flag("assist", titles.assist),
    flag("autoRun", titles.autoRun),
    choice("keys", titles.keys, titles.keysNames),
    choice("split", titles.split, titles.splitNames),
    choice("locale", titles.locale, { auto: titles.asBrowser, ...LOCALES }),
    el(
      "div",
      "dialog-buttons",
      button("plain small", titles.reset, () => {
        settings.set(DEFAULTS);
      }),
    ),
  );
  const show = () => {
    for (const update of selects) update();
  };
  settings.onChange(show);
  show();
}
