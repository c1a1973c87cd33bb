// Whose pages are around the frame. The browser says it: a page can neither forge its origin nor leave it out.

/** What stands for a page whose origin can't be known. The server then leaves what it would for any. */
const UNKNOWN = "unknown";

/**
 * The origins of the pages around, the innermost first. `met` is that of the page which the frame has talked to, if it
 * has: a browser that does not list them (Firefox) tells that one with its message, or the one that loaded the frame.
 */
export function pagesAround(met: string | null): string[] {
  if (parent === window) return [];
  const listed = location.ancestorOrigins as DOMStringList | undefined;
  if (listed !== undefined) return [...new Set(Array.from(listed))];
  return [met ?? originOf(document.referrer) ?? UNKNOWN];
}

function originOf(address: string): string | null {
  try {
    return new URL(address).origin;
  } catch {
    return null;
  }
}
