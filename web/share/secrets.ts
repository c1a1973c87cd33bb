// Finds what looks like a key or a password that was not meant to be shared. Better one warning too many than a
// key in the open; it only warns.

/** Something that looks like a secret. */
export type Secret = {
  /** What it looks like. */
  what: string;
  /** Its line, counted from 1. */
  line: number;
  /** Its beginning, as much as is needed to recognise it. */
  shown: string;
};

/** Keys that say what they are. None of these can backtrack: a long program is read in one go. */
const KNOWN: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a private key", /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g],
  ["an AWS access key", /\b(?:AKIA|ASIA|AROA|AIDA|AGPA)[A-Z0-9]{16}\b/g],
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255})\b/g],
  ["a GitLab token", /\bglpat-[\w-]{20,64}/g],
  ["a Slack token", /\bxox[abeoprs]-[A-Za-z0-9-]{10,255}/g],
  ["a Slack webhook", /\bhooks\.slack\.com\/services\/T\w{6,12}\/B\w{6,12}\/\w{16,32}/g],
  ["a Stripe key", /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}/g],
  ["a Google API key", /\bAIza[\w-]{35}/g],
  ["a Google access token", /\bya29\.[\w-]{20,255}/g],
  ["an npm token", /\bnpm_[A-Za-z0-9]{36}\b/g],
  ["an API key", /\bsk-(?:ant-|proj-|or-)?[\w-]{20,255}/g],
  ["a SendGrid key", /\bSG\.[\w-]{16,32}\.[\w-]{16,64}/g],
  ["a signed token (JWT)", /(?<![\w-])eyJ[\w-]{8,4096}\.eyJ[\w-]{8,4096}\.[\w-]{8,4096}/g],
  ["a password in an address", /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'`]{1,64}:[^\s:/@"'`]{3,128}@/g],
];

/** A text given to something whose name says that it is secret. */
const NAMED =
  /(?:secret|token|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|credential|authorization)[\w-]{0,30}["'`\]]{0,2}\s{0,4}[:=]\s{0,4}["'`](?:Bearer |Basic )?([^\s"'`]{8,512})["'`]/gi;

/** Words of people who want to say that something else belongs here. */
const PLACEHOLDER = /your|example|change|dummy|sample|placeholder|redacted|secret|password|token|x{4}|\*{3}|\.{3}|1234|abcd|<|\$\{|process\.env/i;

/** Bits for each character from which a text looks random. */
const RANDOM = 3;

/** How many are told. */
const MOST = 20;

/** What looks like a secret in `source`, in order. */
export function findSecrets(source: string): Secret[] {
  const found: { at: number; what: string; text: string }[] = [];
  for (const [what, pattern] of KNOWN) {
    for (const match of source.matchAll(pattern)) {
      // Documents about AWS use keys that say so themselves.
      if (!match[0].endsWith("EXAMPLE")) found.push({ at: match.index, what, text: match[0] });
    }
  }
  for (const match of source.matchAll(NAMED)) {
    const text = match[1] ?? "";
    const at = match.index + match[0].indexOf(text);
    if (PLACEHOLDER.test(text) || entropy(text) < RANDOM || !/\d/.test(text) || !/[a-z]/i.test(text)) continue;
    const inKnown = found.some((other) => at < other.at + other.text.length && other.at < at + text.length);
    if (!inKnown) found.push({ at, what: "a password or key", text });
  }
  found.sort((a, b) => a.at - b.at);
  let line = 1;
  let from = 0;
  return found.slice(0, MOST).map(({ at, what, text }) => {
    for (; from < at; from += 1) if (source.charCodeAt(from) === 10) line += 1;
    return { what, line, shown: shorten(text) };
  });
}

/** Shannon's entropy, in bits for each character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  const { length } = text;
  for (let at = 0; at < length; at += 1) counts.set(text.charAt(at), (counts.get(text.charAt(at)) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / length) * Math.log2(count / length);
  return bits;
}

/** Enough to find it again, and no more. */
function shorten(text: string): string {
  return text.length <= 8 ? `${text.slice(0, 3)}…` : `${text.slice(0, Math.min(10, Math.floor(text.length / 3)))}…`;
}
