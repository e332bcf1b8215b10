/**
 * The rooms of the house (rooms.json, bottom first): a room imports only from rooms above it in the list. A room with
 * `packages` imports those and no others. A folder with `usedBy` is imported from there and from itself only; packages
 * that a folder `owns` are imported nowhere else.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import rooms from './rooms.json' with { type: 'json' };

const SRC = join(dirname(fileURLToPath(import.meta.url)), '..');
interface Room {
  room: string;
  is: string;
  packages?: string[];
  folders?: { folder: string; is: string; usedBy?: string[]; owns?: string[] }[];
}

const ROOMS: Room[] = rooms;
const ORDER = ROOMS.map(({ room }) => room);
const FOLDERS = ROOMS.flatMap(({ folders = [] }) => folders);

interface Import {
  /** Path below `src`, with `/`. */
  file: string;
  specifier: string;
}

const IMPORT = /(?:^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*|^\s*import\s*|\bimport\()\s*['"]([^'"]+)['"]/gm;

function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(IMPORT)].map((match) => ({ file, specifier: match[1]! }));
}

const isIn = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

function problemOf({ file, specifier }: Import): string | undefined {
  const from = file.split('/')[0]!;
  const text = `${file} imports ${specifier}`;
  if (from === 'test') return undefined;
  if (!specifier.startsWith('.')) {
    const allowed = ROOMS.find(({ room }) => room === from)?.packages;
    if (allowed && !allowed.includes(specifier)) return `${text}: ${from} is pure`;
    const owner = FOLDERS.find(({ owns }) => owns?.includes(specifier));
    return owner && !isIn(file, owner.folder) ? `${text}: only ${owner.folder} does` : undefined;
  }
  const path = posix.join(posix.dirname(file), specifier);
  const entered = FOLDERS.find(({ folder }) => isIn(path, folder) && !isIn(file, folder));
  if (entered?.usedBy && !entered.usedBy.some((place) => isIn(file, place))) {
    return `${text}: ${entered.folder} is used by ${entered.usedBy.join(', ')} only`;
  }
  const to = path.split('/')[0]!;
  if (from === to) return undefined;
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

test('kinds of networks are named by their folders, the registry and the default of the setting only', () => {
  // `docker compose` is a command.
  const mayName =
    /^(bench|test)\/|^docker\/docker-cli\.ts|^network\/(registry\.ts|embedded|native|compose|remote)|^config\/settings\.ts|\.test\.ts$/;
  const naming = files.filter((path) =>
    /'(compose|native|remote|embedded)'/.test(readFileSync(join(SRC, path), 'utf8')),
  );
  expect(naming.filter((path) => !mayName.test(path))).toEqual([]);
});

test.each([
  ['protocol/message.ts', `import { x } from '../puller/puller.js';`, 'protocol is not above puller'],
  ['protocol/message.ts', `import { readFileSync } from 'node:fs';`, 'protocol is pure'],
  [
    'proxy/proxy.ts',
    `import type {\n  EventHub,\n} from '../puller/events/event-hub.js';`,
    'proxy is not above puller',
  ],
  ['network/registry.ts', `const { main } = await import('../cli/main.js');`, 'network is not above cli'],
  ['puller/log-sink.ts', `import '../network/network.js';`, 'puller is not above network'],
  ['lib/fs/file-lock.ts', `import { x } from '../../utils/x.js';`, 'not a room of the house'],
  [
    'network/native/native-provider.ts',
    `import { x } from '../compose/compose-ports.js';`,
    'network/compose is used by',
  ],
  [
    'network/embedded/embedded-network.ts',
    `import { x } from '../bacalhau/run-bacalhau.js';`,
    'is used by network/native',
  ],
  ['network/provider.ts', `import { x } from './remote/remote-network.js';`, 'is used by network/registry.ts only'],
  ['network/bacalhau/submit-job.ts', `import { x } from '../native/start.js';`, 'is used by network/registry.ts only'],
  ['cli/commands/down.command.ts', `await import('../../network/compose/compose-plan.js')`, 'network/compose is used'],
  ['cli/main.ts', `import { Chalk } from 'chalk';`, 'only cli/output does'],
])('the rule sees through %s with %j', (file, text, problem) => {
  expect(importsOf(file, text).map(problemOf)).toEqual([expect.stringContaining(problem)]);
});

test.each([
  ['runtime/stack.ts', `import { listen } from '../lib/net/http-server.js';`],
  ['cli/commands/up.command.ts', `import { table } from '../output/text-table.js';`],
  ['network/registry.ts', `import('./compose/compose-provider.js')`],
  ['network/remote/remote-network.ts', `import { x } from '../bacalhau/submit-job.js';\nimport { y } from './y.js';`],
  ['cli/output/terminal-style.ts', `import { Chalk } from 'chalk';`],
  ['sqs-server/sqs-server.ts', `import { Hono } from 'hono';\nimport { x } from '../queue/queue.js';`],
])('and lets %s be', (file, text) => {
  const found = importsOf(file, text);
  expect(found.length).toBeGreaterThan(0);
  expect(found.map(problemOf).filter(Boolean)).toEqual([]);
});

test('docs/architecture.md shows the rooms as they are', async () => {
  const { withRooms } = await import('../../scripts/generate-docs.js' as string);
  const page = readFileSync(join(SRC, '../docs/architecture.md'), 'utf8');
  expect(withRooms(page, rooms), 'run `npm run docs`').toBe(page);
});
