// Opening and walking trees, by mouse and by the keys of the ARIA tree pattern: arrows, Home, End, Enter,
// Space. One item of each tree is in the tab order.

/** Opens or closes an item (the other way round when `open` is not given). Its children are made on demand. */
export function toggleItem(item: HTMLElement, open = item.getAttribute("aria-expanded") !== "true"): void {
  if (!item.hasAttribute("aria-expanded")) return;
  if (open) item.dispatchEvent(new CustomEvent("toggle-item"));
  item.setAttribute("aria-expanded", String(open));
  const group = item.nextElementSibling;
  if (group instanceof HTMLElement) group.hidden = !open;
}

/** Makes `tree`, whose root stands in it already, answer to mouse and keys. */
export function setUpTree(tree: HTMLElement, open: boolean): void {
  const root = visible(tree)[0];
  if (root !== undefined) {
    root.tabIndex = 0;
    if (open) toggleItem(root, true);
  }
  tree.addEventListener("click", (event) => {
    const item = itemAround(event.target);
    if (item === null || !tree.contains(item) || isLink(event.target)) return;
    focus(tree, item);
    // A click that ends a selection of text is no wish to open anything.
    if (document.getSelection()?.isCollapsed !== false) toggleItem(item);
  });
  tree.addEventListener("keydown", (event) => {
    const item = itemAround(event.target);
    if (item === null || event.altKey || event.ctrlKey || event.metaKey) return;
    if (isLink(event.target) && (event.key === "Enter" || event.key === " ")) return;
    if (act(tree, item, event.key)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
}

function act(tree: HTMLElement, item: HTMLElement, key: string): boolean {
  const expanded = item.getAttribute("aria-expanded");
  switch (key) {
    case "Enter":
    case " ":
      if (item.dataset["action"] === undefined) toggleItem(item);
      else item.click();
      return true;
    case "ArrowRight":
      if (expanded === "false") toggleItem(item, true);
      else if (expanded === "true") move(tree, item, 1);
      return true;
    case "ArrowLeft":
      if (expanded === "true") toggleItem(item, false);
      else {
        const parent = parentOf(item);
        // From the root it leads to the line around the tree.
        if (parent === null) return false;
        focus(tree, parent);
      }
      return true;
    case "ArrowDown":
      return move(tree, item, 1);
    case "ArrowUp":
      return move(tree, item, -1);
    case "Home":
      focus(tree, visible(tree)[0] ?? item);
      return true;
    case "End":
      focus(tree, visible(tree).at(-1) ?? item);
      return true;
    default:
      return false;
  }
}

/** Moves by one visible item; at the end of the tree the key is left to the page, which scrolls. */
function move(tree: HTMLElement, item: HTMLElement, by: 1 | -1): boolean {
  const items = visible(tree);
  const next = items[items.indexOf(item) + by];
  if (next === undefined) return false;
  focus(tree, next);
  return true;
}

function visible(tree: HTMLElement): HTMLElement[] {
  return [...tree.querySelectorAll<HTMLElement>("[role=treeitem]")].filter((item) => item.closest(".group[hidden]") === null);
}

function focus(tree: HTMLElement, item: HTMLElement): void {
  for (const other of tree.querySelectorAll<HTMLElement>('[role=treeitem][tabindex="0"]')) other.tabIndex = -1;
  item.tabIndex = 0;
  item.focus();
}

const isLink = (target: EventTarget | null) => target instanceof Element && target.closest("a") !== null;

function itemAround(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>("[role=treeitem]") : null;
}

function parentOf(item: HTMLElement): HTMLElement | null {
  return itemAround(item.closest(".group")?.previousElementSibling ?? null);
}
