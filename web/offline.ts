// Has the browser keep the page for when its server is away.

/** Registers the service worker, once the page is at rest. Not in a frame, and not where the browser has none. */
export function keepForOffline(): void {
  // Plain http has none; neither have some private windows.
  const workers = "serviceWorker" in navigator ? navigator.serviceWorker : undefined;
  if (workers === undefined || window.top !== window) return;
  const register = () => {
    workers.register("/service-worker.js", { scope: "/" }).catch(() => undefined);
  };
  if (typeof requestIdleCallback === "function") requestIdleCallback(register, { timeout: 10_000 });
  else setTimeout(register, 5_000);
}
