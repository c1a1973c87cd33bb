// The popover that the gallery of examples is in: where it opens, and moving about in it by arrow keys.

/** Has `opener` open `menu`, which `fill` fills before it is first shown, and `failed` where that can't be done. */
export function galleryMenu(opener: HTMLButtonElement, menu: HTMLElement, fill: () => Promise<void>, failed: () => Promise<void>): void {
  const items = () => [...menu.querySelectorAll("button")];
  let filled: Promise<void> | null = null;
  menu.addEventListener("beforetoggle", (event) => {
    if (event.newState !== "open") return;
    const place = opener.getBoundingClientRect();
    const { clientWidth } = document.documentElement;
    const start = getComputedStyle(opener).direction === "rtl" ? clientWidth - place.right : place.left;
    menu.style.setProperty("--start", `${start}px`);
    menu.style.setProperty("--top", `${place.bottom}px`);
    filled ??= fill();
    filled.then(
      () => {
        // Who has closed it meanwhile keeps the focus where it is.
        if (menu.matches(":popover-open")) items()[0]?.focus();
      },
      () => {
        // Offline, perhaps: the next opening tries again.
        filled = null;
        void failed();
      },
    );
  });
  menu.addEventListener("keydown", (event) => {
    const all = items();
    const at = all.findIndex((item) => item === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all.at(to % Math.max(all.length, 1))?.focus();
  });
}
