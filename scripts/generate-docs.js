// Writes the pages of docs/ that are made from tables in the code: `npm run docs`. Reads dist/, so build first.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * docs/errors.md.
 *
 * @param {Record<string, { fault: string, exitCode: number, summary: string, http?: number, formerly?: string }>} codes
 */
export function errorsPage(codes) {
  const rows = Object.entries(codes).map(([code, { fault, exitCode, summary, http, formerly }]) => {
    const meaning = formerly === undefined ? summary : `${summary} Formerly \`${formerly}\`.`;
    return `| \`${code}\` | ${fault} | ${exitCode} | ${http ?? ''} | ${meaning} |`;
  });
  return `# Error codes

Made from \`src/lib/errors/codes.ts\` by \`npm run docs\`; do not edit.

A command that fails prints a message and a hint, and with \`-o json\` or \`-o ndjson\` a document with
\`{"status":"error","error":{"code","category","message","hint","details"}}\`. \`category\` is whose fault it is: \`user\` can
be fixed by the caller (input, settings), \`system\` is a failure of the environment (network, disk, another program).
\`bug\`, with the code \`BUG\`, is a defect of this program: only then is a stack printed. Exit codes are 0 (ok), 1 (failed),
2 (can't run as called or configured) and 128 + the number of a signal.

Services answer \`{"error":{"code","message","reason","hint"}}\`; \`reason\` is the older name of \`message\`. The column HTTP
gives the status of codes that occur there. Codes of single readings that Amazon SQS refuses, such as
\`InvalidMessageContents\`, are those of SQS.

| Code | Fault | Exit | HTTP | Meaning |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

/**
 * The table of rooms inside docs/architecture.md.
 *
 * @param {string} page the page as it is
 * @param {{ room: string, is: string, folders?: { folder: string, is: string }[] }[]} rooms
 */
export function withRooms(page, rooms) {
  const rows = rooms.flatMap(({ room, is, folders = [] }) => [
    `| \`src/${room}/\` | ${is} |`,
    ...folders.map(({ folder, is: what }) => `| \`src/${folder}/\` | ${what} |`),
  ]);
  const table = ['| folder | what it is |', '|---|---|', ...rows].join('\n');
  return page.replace(/<!-- rooms -->[\s\S]*<!-- \/rooms -->/, `<!-- rooms -->\n${table}\n<!-- /rooms -->`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { CODES } = await import('../dist/lib/errors/codes.js');
  writeFileSync(fileURLToPath(new URL('../docs/errors.md', import.meta.url)), errorsPage(CODES));
  const architecture = fileURLToPath(new URL('../docs/architecture.md', import.meta.url));
  const rooms = JSON.parse(readFileSync(new URL('../src/test/rooms.json', import.meta.url), 'utf8'));
  writeFileSync(architecture, withRooms(readFileSync(architecture, 'utf8'), rooms));
}
