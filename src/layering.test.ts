/** Dependencies point one way: a folder may import from the levels below its own, never sideways or up. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SRC = dirname(fileURLToPath(import.meta.url));

/** From the bottom up. Nothing imports the last level, so nothing imports the CLI. */
const LEVELS = [
  ['core'],
  ['lib'],
  ['config', 'queue', 'sensors'],
  ['proxy', 'puller', 'web', 'ui'],
  ['network'],
  ['doctor', 'demo'],
  ['cli', 'bench', 'e2e'],
  ['test'],
];
/** Facts are rendered in one place: what is below emits them and knows nothing of terminals. */
const ONLY_BY: Record<string, string[]> = { ui: ['cli', 'bench', 'test'] };
/** `from -> to` between folders of one level, each with its reason. */
const SIDEWAYS: Record<string, string> = { 'e2e -> bench': 'both drive the CLI as a child, on free ports' };
/** What core, which is pure, may import from outside. */
const CORE_PACKAGES = ['zod'];

interface Import {
  /** Path below `src`, with `/`. */
  file: string;
  specifier: string;
}

const IMPORT = /(?:^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*|^\s*import\s*|\bimport\()\s*['"]([^'"]+)['"]/gm;

function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(IMPORT)].map((match) => ({ file, specifier: match[1]! }));
}

/** The folder that an import of ours leads to; undefined for packages. */
function target({ file, specifier }: Import): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier).split('/')[0] : undefined;
}

function problemOf(imported: Import): string | undefined {
  const from = imported.file.split('/')[0]!;
  const to = target(imported);
  const text = `${imported.file} imports ${imported.specifier}`;
  if (to === undefined) {
    const allowed = from !== 'core' || imported.file.endsWith('.test.ts') || CORE_PACKAGES.includes(imported.specifier);
    return allowed ? undefined : `${text}: core is pure`;
  }
  if (from === to) return undefined;
  const level = (folder: string) => LEVELS.findIndex((folders) => folders.includes(folder));
  if (level(from) < 0 || level(to) < 0) return `${text}: not a folder of the design`;
  if (ONLY_BY[to] && !ONLY_BY[to].includes(from)) return `${text}: only ${ONLY_BY[to].join(' and ')} may`;
  if (level(to) < level(from) || SIDEWAYS[`${from} -> ${to}`]) return undefined;
  return `${text}: ${from} is not above ${to}`;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => relative(SRC, join(SRC, path)).split(sep).join('/'))
  .filter((path) => path.endsWith('.ts') && path.includes('/'));
const imports = files.flatMap((path) => importsOf(path, readFileSync(join(SRC, path), 'utf8')));

test('every import of every file points down', () => {
  expect(imports.length).toBeGreaterThan(files.length);
  expect(imports.flatMap((imported) => problemOf(imported) ?? [])).toEqual([]);
});

test('an exception that nothing needs any more is removed', () => {
  const used = new Set(imports.map((imported) => `${imported.file.split('/')[0]} -> ${target(imported)}`));
  expect(Object.keys(SIDEWAYS).filter((edge) => !used.has(edge))).toEqual([]);
});

test.each([
  ['core/message.ts', `import { x } from '../lib/files.js';`, 'core is not above lib'],
  ['core/message.ts', `import { readFileSync } from 'node:fs';`, 'core is pure'],
  ['proxy/proxy.ts', `import type {\n  Hub,\n} from '../puller/hub.js';`, 'proxy is not above puller'],
  ['network/open.ts', `export { table } from '../ui/table.js';`, 'only cli and bench and test may'],
  ['network/open.ts', `const { main } = await import('../cli/main.js');`, 'network is not above cli'],
  ['puller/sinks/log.ts', `import '../../network/stack.js';`, 'puller is not above network'],
  ['lib/files.ts', `import { x } from '../utils/x.js';`, 'not a folder of the design'],
])('the rule sees through %s with %j', (file, text, problem) => {
  expect(importsOf(file, text).map(problemOf)).toEqual([expect.stringContaining(problem)]);
});

test.each([
  ['network/stack.ts', `import { listen } from '../lib/listen.js';`],
  ['cli/commands/up.ts', `import { table } from '../../ui/table.js';`],
  ['queue/embedded/server.ts', `import { Hono } from 'hono';\nimport { x } from '../queue.js';`],
])('and lets %s be', (file, text) => {
  const found = importsOf(file, text);
  expect(found.length).toBeGreaterThan(0);
  expect(found.map(problemOf).filter(Boolean)).toEqual([]);
});
