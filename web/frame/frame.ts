// Runs inside the frame that shows a program's HTML, and is all that runs there: the frame's policy knows this script
// by its hash and allows no other, and no network. It gets HTML from the page around it and says how high it is.
//
// Links lead nowhere: what a browser could follow is taken out before anything is shown, so that no click, key, menu or
// drag can open it. Links to a place in the same text go there by script.

/** What the page tells the frame. */
export type ToFrame = { html: string; dark: boolean };

/** What the frame tells the page: that it is there (null), or how high it would like to be; and whether it shows what it was sent last. */
export type FromFrame = { height: number | null; shows?: boolean };

/** What could make the browser go somewhere, and what would run. All of it is forbidden besides. */
const UNWANTED = new Set("script link meta base iframe frame frameset object embed portal fencedframe applet".split(" "));

/** Elements whose `href` is no link, but a part of the picture. */
const PICTURES = new Set("image feimage use lineargradient radialgradient pattern textpath mpath filter".split(" "));

/** Attributes that lead somewhere, on any element. */
const LEADING = new Set("action formaction target formtarget ping download longdesc cite background manifest usemap attributionsrc".split(" "));

/** What animates an attribute; it could put a link back. */
const ANIMATIONS = new Set("animate set animatetransform animatemotion".split(" "));

/** Attributes of a program's own `<body>` that are kept. */
const BODY = ["class", "dir", "id", "lang", "style"];

/** Where a link to a place in the same text leads. */
const PLACE = "data-place";

// A document and a form find elements by their names before their own properties, so these are asked of the prototypes.
const own = (prototype: object, name: string, on: object): unknown => Reflect.get<object, string>(prototype, name, on);
const bodyOf = (of: Document) => own(Document.prototype, "body", of) as HTMLElement;
const headOf = (of: Document) => own(Document.prototype, "head", of) as HTMLElement;
const attributesOf = (element: Element) => own(Element.prototype, "attributes", element) as NamedNodeMap;
const nameOf = (element: Element) => (own(Element.prototype, "localName", element) as string).toLowerCase();
const call = (method: keyof Element, element: Element, ...given: unknown[]): unknown =>
  Reflect.apply(Reflect.get(Element.prototype, method) as () => unknown, element, given);
const attribute = (element: Element, name: string) => call("getAttribute", element, name) as string | null;

const root = document.documentElement;
const body = document.body;

function say(message: FromFrame): void {
  // The page has an origin that this frame can't know.
  parent.postMessage(message, "*");
}

function tellHeight(shows = false): void {
  say({ height: Math.ceil(root.getBoundingClientRect().height), shows });
}

/** Takes out of what was parsed all that runs or leads somewhere. */
function disarm(fragment: DocumentFragment): void {
  for (const element of fragment.querySelectorAll("*")) {
    const name = nameOf(element);
    if (UNWANTED.has(name) || (ANIMATIONS.has(name) && /href|target/i.test(attribute(element, "attributeName") ?? ""))) {
      call("remove", element);
      continue;
    }
    if (element instanceof HTMLTemplateElement) disarm(element.content);
    for (const given of [...attributesOf(element)]) {
      const local = given.localName.toLowerCase();
      const isLink = local === "href" && !PICTURES.has(name);
      if (isLink && given.value.startsWith("#") && name === "a") lead(element, given.value.slice(1));
      if (isLink || LEADING.has(local) || local.startsWith("on")) call("removeAttributeNode", element, given);
      if (isLink) mark(element, given.value);
    }
  }
}

/** Makes a link that goes to a place in the same text. */
function lead(element: Element, place: string): void {
  call("setAttribute", element, PLACE, place);
  call("setAttribute", element, "role", "link");
  call("setAttribute", element, "tabindex", "0");
}

/** A link that leads nowhere any more still looks like one, and says where it led. */
function mark(element: Element, address: string): void {
  call("setAttribute", element, "data-link", "");
  const isTold = address === "" || address.startsWith("#") || attribute(element, "title") !== null;
  if (!isTold) call("setAttribute", element, "title", address.slice(0, 500));
}

function show({ html, dark }: ToFrame): void {
  root.style.colorScheme = dark ? "dark" : "light";
  // What this parses to runs nothing and loads nothing until it stands in the document.
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const shownBody = bodyOf(parsed);
  const fragment = new DocumentFragment();
  fragment.append(...headOf(parsed).childNodes, ...shownBody.childNodes);
  disarm(fragment);
  for (const name of BODY) {
    const value = shownBody.getAttribute(name);
    if (value === null) body.removeAttribute(name);
    else body.setAttribute(name, value);
  }
  body.replaceChildren(fragment);
  tellHeight(true);
}

/** Goes to the place that a link in the text leads to; whether the event was about one. */
function follow(event: Event): boolean {
  const link = event.target instanceof Element ? event.target.closest(`[${PLACE}]`) : null;
  if (link === null) return false;
  const place = attribute(link, PLACE) ?? "";
  const target = place === "" ? body : body.querySelector(`#${CSS.escape(place)}, a[name="${CSS.escape(place)}"]`);
  target?.scrollIntoView();
  return true;
}

addEventListener("message", (event: MessageEvent<ToFrame>) => {
  if (event.source === parent) show(event.data);
});
addEventListener("click", (event) => {
  follow(event);
}, true);
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && follow(event)) event.preventDefault();
}, true);
// There is nothing left that these could open. Should a browser know a way that we don't, it ends here.
const isLink = (target: EventTarget | null) => target instanceof Element && target.closest("a, area") !== null;
for (const type of ["click", "auxclick"]) {
  addEventListener(type, (event) => {
    if (isLink(event.target)) event.preventDefault();
  }, true);
}
addEventListener("submit", (event) => {
  event.preventDefault();
}, true);
addEventListener("dragstart", (event) => {
  // A selection of text can be dragged; addresses and pictures would be opened where they are dropped.
  if (event.dataTransfer?.types.includes("text/uri-list") === true || isLink(event.target)) event.preventDefault();
}, true);
new ResizeObserver(() => {
  tellHeight();
}).observe(root);
say({ height: null });
