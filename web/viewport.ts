// Keeps the page as high as what is visible of it. Most browsers shrink the page for the on-screen keyboard
// when asked to (interactive-widget in base.html); the others tell here how much they cover.

/** Sets `--visible-height` on the document whenever the visible part changes. */
export function followViewport(): void {
  const viewport = window.visualViewport;
  if (viewport === null) return;
  const follow = () => {
    // Zooming in by hand also makes it smaller, and must not squeeze the page.
    if (viewport.scale > 1.01) return;
    document.documentElement.style.setProperty("--visible-height", `${viewport.height}px`);
  };
  viewport.addEventListener("resize", follow);
  follow();
}
