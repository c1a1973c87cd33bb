// Runs inside the frame that shows a program's HTML, and is all that runs there: the frame's policy knows this script
// by its hash and allows no other, and no network. It gets HTML from the page around it and says how high it is.

/** What the page tells the frame. */
export type ToFrame = { html: string; dark: boolean };

/** What the frame tells the page: that it is there, and how high it would like to be. */
export type FromFrame = { height: number | null };

/** What could make the browser go somewhere, and what would run. All of it is forbidden besides. */
const UNWANTED = "script, link, meta, base, iframe, frame, frameset, object, embed, portal, fencedframe";

/** Attributes of a program's own `<body>` that are kept. */
const BODY = ["class", "dir", "id", "lang", "style"];

function say(message: FromFrame): void {
  // The page has an origin that this frame can't know.
  parent.postMessage(message, "*");
}

function show({ html, dark }: ToFrame): void {
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
  // What this parses to runs nothing and loads nothing until it stands in the document.
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const element of parsed.querySelectorAll(UNWANTED)) element.remove();
  for (const name of BODY) {
    const value = parsed.body.getAttribute(name);
    if (value === null) document.body.removeAttribute(name);
    else document.body.setAttribute(name, value);
  }
  document.body.replaceChildren(...parsed.head.childNodes, ...parsed.body.childNodes);
}

addEventListener("message", (event: MessageEvent<ToFrame>) => {
  if (event.source === parent) show(event.data);
});
// Links lead nowhere, except to a place in the same text.
addEventListener(
  "click",
  (event) => {
    const link = event.target instanceof Element ? event.target.closest("a, area") : null;
    if (link !== null && link.getAttribute("href")?.startsWith("#") !== true) event.preventDefault();
  },
  true,
);
new ResizeObserver(() => {
  say({ height: Math.ceil(document.documentElement.getBoundingClientRect().height) });
}).observe(document.documentElement);
say({ height: null });
