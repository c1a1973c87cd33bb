// Keeps the editor for when its server is away. The page itself comes from the server whenever that answers; what
// it is made of has names that change with its content, so what is kept of it is never old.

declare const ASSETS: Record<string, string>;
declare const KEPT: readonly string[];

/** Changes with any file of the page, and with it the cache. */
declare const EDITION: string;

/** The page. Others than this (shared programs, editors for other pages) are not kept, and not touched. */
const PAGE = "/";

const PREFIX = "mayfly ";

type Extendable = Event & { waitUntil: (done: Promise<unknown>) => void };
type Fetching = Extendable & { request: Request; respondWith: (response: Promise<Response>) => void };

/** What of a service worker's global scope is used here. */
const scope = self as unknown as {
  skipWaiting: () => Promise<void>;
  clients: { claim: () => Promise<void> };
  addEventListener: ((type: "install" | "activate", hear: (event: Extendable) => void) => void) &
    ((type: "fetch", hear: (event: Fetching) => void) => void);
};

const assets = new Set(Object.values(ASSETS));

scope.addEventListener("install", (event) => {
  event.waitUntil(install());
});
scope.addEventListener("activate", (event) => {
  event.waitUntil(activate());
});
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname === PAGE) event.respondWith(page(request));
  } else if (assets.has(url.pathname)) {
    event.respondWith(asset(request));
  }
});

async function install(): Promise<void> {
  const cache = await caches.open(PREFIX + EDITION);
  // Past the browser's own cache: the page names the files of its own edition.
  await cache.addAll([new Request(PAGE, { cache: "reload" }), ...KEPT]);
  await scope.skipWaiting();
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== PREFIX + EDITION).map((name) => caches.delete(name)));
  await scope.clients.claim();
}

/** The page as the server has it; as it was kept only where the server is away, or is what stands before it. */
async function page(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    if (![502, 503, 504].includes(response.status)) return response;
    return (await kept(PAGE)) ?? response;
  } catch (error) {
    const found = await kept(PAGE);
    if (found !== undefined) return found;
    throw error;
  }
}

async function asset(request: Request): Promise<Response> {
  const found = await kept(request.url);
  if (found !== undefined) return found;
  const response = await fetch(request);
  if (response.status === 200) {
    const copy = response.clone();
    // A full disk is no reason to go without.
    await caches.open(PREFIX + EDITION).then((cache) => cache.put(request, copy)).catch(() => undefined);
  }
  return response;
}

async function kept(url: string): Promise<Response | undefined> {
  const cache = await caches.open(PREFIX + EDITION);
  // Servers say that answers vary by encoding; what is kept is decoded.
  return cache.match(url, { ignoreVary: true });
}
