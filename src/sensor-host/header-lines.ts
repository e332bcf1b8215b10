/** Headers as guests write and read them: `Key: value` lines joined by `\n`. */

// Go sets these itself, whatever the caller says.
const OWN_HEADERS = new Set(['host', 'content-length', 'transfer-encoding', 'trailer', 'connection']);

/** Names and values in turn; lines without a colon are passed over. */
export function parseHeaders(text: string): string[] {
  const headers: string[] = [];
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    if (name !== '' && !OWN_HEADERS.has(name.toLowerCase())) headers.push(name, line.slice(colon + 1).trim());
  }
  return headers;
}

/** Formats raw names and values, the names in Go's canonical form (`Retry-After`). */
export function formatHeaders(raw: Buffer[]): string {
  const lines: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = canonical(raw[i]!.toString('latin1'));
    if (name !== 'Transfer-Encoding') lines.push(`${name}: ${raw[i + 1]!.toString('latin1')}`);
  }
  return lines.join('\n');
}

// A server sends the same few names all the time.
const canonicalNames = new Map<string, string>();

function canonical(name: string): string {
  let known = canonicalNames.get(name);
  if (known === undefined) {
    known = name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
    if (canonicalNames.size < 1000) canonicalNames.set(name, known);
  }
  return known;
}
