// The gallery of examples: a popover of buttons in groups. The browser closes it on Escape and on a click elsewhere;
// what is in it comes when it is first opened.

import { assetUrl } from "./assets.ts";
import { button, el } from "./dom.ts";
import { serialise, type SourceFile } from "./files.ts";
import { readInputs } from "./inputs.ts";
import { currentLocale, words, type Locale } from "./strings/words.ts";

/** In the page's languages. */
type Texts = Record<Locale, string>;

type Example = {
  group: string;
  title: Texts;
  about: Texts;
  files: SourceFile[];
  inputs?: unknown;
  /** What of this server it needs. */
  needs?: string;
};

type Catalogue = { groups: Record<string, Texts>; examples: Example[] };

/** Fills `menu`; `offers` is what of what examples need this server has. */
export async function fillGallery(menu: HTMLElement, offers: readonly string[], choose: (program: string, name: string) => void): Promise<void> {
  const response = await fetch(assetUrl("examples.json"));
  if (!response.ok) throw new Error(`The examples can't be had: ${response.status}.`);
  const { groups, examples } = (await response.json()) as Catalogue;
  const locale = currentLocale();
  const there = examples.filter(({ needs }) => needs === undefined || offers.includes(needs));
  const sections = Object.entries(groups).map(([name, title]) => {
    const heading = el("h2", "gallery-title", title[locale]);
    heading.id = `gallery-${name}`;
    const items = there.filter(({ group }) => group === name).map((example) => itemOf(example, locale, choose, menu));
    const section = el("section", "gallery-group", heading, el("div", "gallery-items", ...items));
    section.setAttribute("aria-labelledby", heading.id);
    return section;
  });
  menu.replaceChildren(...sections);
}

function itemOf({ title, about, files, inputs }: Example, locale: Locale, choose: (program: string, name: string) => void, menu: HTMLElement): HTMLButtonElement {
  const item = button("menu-item", el("span", "menu-name", title[locale]), () => {
    menu.hidePopover();
    const active = files[0]?.name ?? "";
    choose(serialise({ files, active, entry: null }, readInputs(inputs)), title[locale]);
  });
  item.append(el("span", "menu-about", about[locale]));
  item.lang = locale;
  return item;
}

/** Says in `menu` that there is nothing to choose from. */
export function emptyGallery(menu: HTMLElement): void {
  menu.replaceChildren(el("p", "gallery-empty", words().noExamples));
}
