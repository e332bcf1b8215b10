import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createPage } from './web-page.js';

const app = createPage();
const names = readdirSync(new URL('./page/', import.meta.url)).filter((name) => !name.endsWith('.json'));
const ending = (suffix: string) => names.filter((name) => name.endsWith(suffix));
const pathOf = (name: string) => (name === 'index.html' ? '/' : `/page/${name}`);
const textOf = async (name: string) => (await app.request(pathOf(name))).text();
const html = await textOf('index.html');
const scripts = new Map<string, string>();
for (const name of ending('.js')) scripts.set(name, await textOf(name));

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]!);
const importsOf = (name: string) => matches(scripts.get(name)!, /^import\b[^;]*?'([^']*)'/gm);

test.each(names)('%s is served with its type, is asked for anew each time, and cannot be framed', async (name) => {
  const type = name.replace(/^.*\.js$/, 'text/javascript').replace(/^.*\.(css|html)$/, 'text/$1');
  const response = await app.request(pathOf(name));
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': `${type}; charset=UTF-8`,
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
  });
});

test.each(['/page', '/page/', '/page/index.html', '/page/nothing.js', '/page/..%2fpage.ts'])(
  '%s is nothing',
  async (path) => {
    expect((await app.request(path)).status).toBe(404);
  },
);

test('the policy lets run the scripts and the styles that are served, and nothing else', async () => {
  const policy = (await app.request('/')).headers.get('content-security-policy') ?? '';
  const directives = policy.split('; ').map((directive) => directive.split(/ (.*)/s) as [string, string]);
  expect(Object.fromEntries(directives)).toEqual({
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'connect-src': "'self'",
    'img-src': 'data:',
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    'require-trusted-types-for': "'script'",
    'trusted-types': "'none'",
  });
});

test('the page works under the policy: nothing inline, no markup made from text', () => {
  expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(html).not.toMatch(/<style\b|<[^>]+\s(on\w+|style)=|<script(?![^>]*\ssrc=")|<script[^>]*>[^<]/);
  for (const text of scripts.values())
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/);
});

test('the page names its styles and the script that imports all others', () => {
  const targets = matches(html, /\s(?:src|href)="([^"]*)"/g).filter((target) => !target.startsWith('data:'));
  expect(targets.sort()).toEqual([...ending('.css'), 'main.js'].map((name) => `page/${name}`).sort());
});

test('the scripts import one another one way, and each is needed', () => {
  const done = new Set<string>();
  const visit = (name: string, above: string[]) => {
    expect(above, 'a cycle').not.toContain(name);
    expect([...scripts.keys()]).toContain(name);
    done.add(name);
    for (const target of importsOf(name)) {
      expect(target).toMatch(/^\.\/[a-z]+\.js$/);
      visit(target.slice(2), [...above, name]);
    }
  };
  visit('main.js', []);
  expect([...done].sort()).toEqual([...scripts.keys()].sort());
});

test('what a script imports, the other exports', () => {
  for (const name of scripts.keys()) {
    for (const [, list, target] of scripts.get(name)!.matchAll(/^import \{([^}]*)\} from '\.\/([^']*)'/gm)) {
      const exported = matches(scripts.get(target!)!, /^export (?:async )?(?:const|class|function) (\w+)/gm);
      const imported = list!.split(',').map((found) => found.trim());
      expect(exported, `${name} imports from ${target}`).toEqual(expect.arrayContaining(imported.filter(Boolean)));
    }
  }
});

test('nothing comes from elsewhere', async () => {
  // The name of the SVG namespace in the icon is never loaded.
  const texts = [html.replaceAll("xmlns='http://www.w3.org/2000/svg'", ''), ...scripts.values()];
  for (const name of ending('.css')) texts.push(await textOf(name));
  // Types are imported for the type checker only.
  const loaded = texts.map((text) => text.replaceAll(/\/\*\* @import \{[^}]*\} from '[^']*' \*\//g, ''));
  for (const text of loaded) expect(text).not.toMatch(/https?:|["'(]\/\/|url\(|@import|\bimport\(/);
  const asked = [...scripts.values()].flatMap((text) => matches(text, /(?:fetch|EventSource)\('?([^')]*)/g));
  expect(asked.sort()).toEqual(['events', 'fleet', 'stats']);
});
