// Addresses of built files that scripts load themselves. The build puts them in: their names carry hashes.

declare const ASSETS: Record<string, string>;

/** The address of the built file with this plain name. */
export function assetUrl(name: string): string {
  const url = ASSETS[name];
  if (url === undefined) throw new Error(`The build has no "${name}" before this script.`);
  return url;
}
