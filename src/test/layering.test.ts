/** The rooms of the house (rooms.json, bottom first): a room imports only from rooms above it in the list. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import rooms from './rooms.json' with { type: 'json' };

const SRC = join(dirname(fileURLToPath(import.meta.url)), '..');
const ORDER = rooms.map(({ room }) => room);

/** What pure rooms may import from outside. */
const PURE: Record<string, string[]> = { protocol: ['zod'], fleet: ['zod'] };

interface Import {
  /** Path below `src`, with `/`. */
  file: string;
  specifier: string;
}

const IMPORT = /(?:^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*|^\s*import\s*|\bimport\()\s*['"]([^'"]+)['"]/gm;

function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(IMPORT)].map((match) => ({ file, specifier: match[1]! }));
}

/** The room that an import leads to; undefined for packages. */
function roomOf({ file, specifier }: Import): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier).split('/')[0] : undefined;
}

function problemOf(imported: Import): string | undefined {
  const from = imported.file.split('/')[0]!;
  const to = roomOf(imported);
  const text = `${imported.file} imports ${imported.specifier}`;
  if (to === undefined) {
    const allowed = PURE[from] === undefined || PURE[from].includes(imported.specifier);
    return allowed ? undefined : `${text}: ${from} is pure`;
  }
  if (from === to || from === 'test') return undefined;
  if (!ORDER.includes(from) || !ORDER.includes(to)) return `${text}: not a room of the house`;
  return ORDER.indexOf(to) < ORDER.indexOf(from) ? undefined : `${text}: ${from} is not above ${to}`;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.split(sep).join('/'))
  .filter((path) => path.endsWith('.ts') && path.includes('/'));
/** Tests may import from everywhere. */
const imports = files
  .filter((path) => !path.endsWith('.test.ts'))
  .flatMap((path) => importsOf(path, readFileSync(join(SRC, path), 'utf8')));

test('every import of every file points to a lower room', () => {
  expect(imports.length).toBeGreaterThan(files.length);
  expect(imports.flatMap((imported) => problemOf(imported) ?? [])).toEqual([]);
});

test.each([
  ['protocol/message.ts', `import { x } from '../puller/puller.js';`, 'protocol is not above puller'],
  ['protocol/message.ts', `import { readFileSync } from 'node:fs';`, 'protocol is pure'],
  ['proxy/proxy.ts', `import type {\n  Hub,\n} from '../puller/event-hub.js';`, 'proxy is not above puller'],
  ['network/registry.ts', `const { main } = await import('../cli/main.js');`, 'network is not above cli'],
  ['puller/sinks/log-sink.ts', `import '../../network/network.js';`, 'puller is not above network'],
  ['lib/fs/file-lock.ts', `import { x } from '../../utils/x.js';`, 'not a room of the house'],
])('the rule sees through %s with %j', (file, text, problem) => {
  expect(importsOf(file, text).map(problemOf)).toEqual([expect.stringContaining(problem)]);
});

test.each([
  ['runtime/stack.ts', `import { listen } from '../lib/net/listen.js';`],
  ['cli/commands/up.command.ts', `import { table } from '../output/text-table.js';`],
  ['sqs-server/sqs-server.ts', `import { Hono } from 'hono';\nimport { x } from '../queue/queue.js';`],
])('and lets %s be', (file, text) => {
  const found = importsOf(file, text);
  expect(found.length).toBeGreaterThan(0);
  expect(found.map(problemOf).filter(Boolean)).toEqual([]);
});
