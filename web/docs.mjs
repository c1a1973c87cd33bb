// The book: the documents of the repository as the pages at /docs. Markdown is made into HTML here, once, so the server
// needs to understand none; links between documents become links between pages.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** All pages in their order: what each is called in its address and in the navigation, and which document it is. */
const PAGES = [
  ["quick-start", "Quick start", "docs/quick-start.md"],
  ["settings", "Settings", "README.md", "Settings"],
  ["embed", "Embed", "docs/embed.md"],
  ["functions", "Functions", "docs/functions.md"],
  ["modules", "Modules", "docs/modules.md"],
  ["egress", "Egress", "docs/egress.md"],
  ["limits", "Limits", "docs/limits.md"],
  ["api", "The API", "docs/api.md"],
  ["requirements", "What Mayfly needs", "docs/requirements.md"],
  ["deploy", "Deploy with gVisor", "docs/deploy.md"],
  ["operate", "Operate", "docs/operate.md"],
  ["performance", "What makes a run fast", "docs/performance.md"],
  ["threat-model", "Threat model", "docs/threat-model.md"],
  ["inside", "How it works inside", "server/README.md"],
  ["security", "Report a hole", "SECURITY.md"],
  ["changes", "Changes", "CHANGELOG.md"],
];

/** What a heading is called in an address, as GitHub does it; from its HTML. */
function anchor(html) {
  const text = html.replace(/<[^>]*>/g, "").replace(/&(amp|lt|gt|quot);/g, "");
  return text.trim().toLowerCase().replace(/[^\p{L}\p{N}\- _]/gu, "").replaceAll(" ", "-");
}

/** The section of a document with this heading, as a document of its own. */
function section(markdown, heading) {
  const begin = markdown.indexOf(`\n## ${heading}\n`);
  if (begin < 0) throw new Error(`README.md has no section ${heading}`);
  const end = markdown.indexOf("\n## ", begin + 1);
  return markdown.slice(begin + 1, end < 0 ? undefined : end).replace(/^##(#*) /gm, "#$1 ");
}

/** Where a link of `document` leads: to a page, a place on the same one, another site, or nowhere that is served. */
function address(document, target) {
  if (/^[a-z]+:/.test(target) || target.startsWith("#")) return target;
  const [file, heading] = target.split("#");
  const there = path.normalize(path.join(path.dirname(document), file));
  if (there === "docs/README.md") return "/docs";
  const page = PAGES.find(([, , of, part]) => of === there && (part === undefined || heading !== undefined));
  if (page === undefined && !existsSync(path.join(root, there))) throw new Error(`${document} links to ${target}, which is not there`);
  if (page === undefined) return null;
  const place = heading === undefined || heading === page[0] ? "" : `#${heading}`;
  return `/docs/${page[0]}${place}`;
}

function render(document, markdown) {
  const html = micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()] });
  const seen = new Set();
  return html
    .replace(/<h([1-6])>(.*?)<\/h\1>/g, (_, level, text) => {
      let id = anchor(text);
      for (let number = 1; seen.has(id); number++) id = `${anchor(text)}-${number}`;
      seen.add(id);
      return `<h${level} id="${id}">${text}</h${level}>`;
    })
    .replace(/<a href="([^"]*)">([^]*?)<\/a>/g, (_, target, text) => {
      const to = address(document, target);
      return to === null ? text : `<a href="${to}">${text}</a>`;
    })
    // What is wider than the page scrolls by itself, by keyboard too.
    .replace(/<table>/g, '<div class="scrolls" tabindex="0"><table>').replace(/<\/table>/g, "</table></div>")
    .replace(/<pre>/g, '<pre tabindex="0">')
    // Only what is served here is shown.
    .replace(/<img [^>]*>/g, "");
}

/** All pages, rendered. */
export async function book() {
  return Promise.all(PAGES.map(async ([slug, title, document, part]) => {
    const whole = await readFile(path.join(root, document), "utf8");
    return { slug, title, html: render(document, part === undefined ? whole : section(whole, part)) };
  }));
}
