/** Pages for people name files of the repository: each of them exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Paths in code style, from the root; targets of links and pictures, from the page. Without placeholders and patterns. */
const PATH = /`((?:src|wasm|templates|docs|scripts|bin)\/[\w./-]*)`/g;
const LINK = /\]\((?!https?:|#)([^)#]+)/g;
const PICTURE = /\b(?:src|srcset)="(?!https?:)([^"]+)"/g;

const pages = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** What a page names and the repository does not have. */
function missingIn(page: string, text: string): string[] {
  const named = [
    ...[...text.matchAll(PATH)].map(([, path]) => path!),
    ...[LINK, PICTURE]
      .flatMap((pattern) => [...text.matchAll(pattern)])
      .map(([, target]) => join(dirname(page), target!)),
  ];
  return named.filter((path) => !existsSync(join(ROOT, path)));
}

test('there are pages, and the README is one', () => {
  expect(pages).toContain('README.md');
  expect(pages.length).toBeGreaterThan(10);
});

test.each(pages)('%s names files that exist', (page) => {
  expect(missingIn(page, readFileSync(join(ROOT, page), 'utf8'))).toEqual([]);
});

test('a path or link to nowhere is found', () => {
  expect(
    missingIn(
      'docs/a.md',
      '`src/no/file.ts`, `src/lib/`, [x](no.md), [y](cli.md#up), [z](https://a.b), <img src="no.png">',
    ),
  ).toEqual(['src/no/file.ts', 'docs/no.md', 'docs/no.png']);
});
