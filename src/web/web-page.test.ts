import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { accessLock } from '../lib/net/access-lock.js';
import { translated } from '../test/support/translated.js';
import { createPage } from './web-page.js';

/** The page as the build leaves it, without the chart library. */
const folder = mkdtempSync(join(tmpdir(), 'page-'));
afterAll(() => rmSync(folder, { recursive: true }));
const source = fileURLToPath(new URL('./page/', import.meta.url));
for (const name of readdirSync(source)) {
  if (/\.(html|css)$/.test(name)) copyFileSync(join(source, name), join(folder, name));
  if (/(?<!\.d)\.ts$/.test(name))
    writeFileSync(join(folder, name.replace(/ts$/, 'js')), translated(join(source, name)));
}
const PAGE = pathToFileURL(`${folder}/`);

const app = createPage(undefined, undefined, PAGE);
const SIGN_IN = ['sign-in.html', 'sign-in.css'];
const files = readdirSync(folder);
const names = files.filter((name) => !SIGN_IN.includes(name));
const ending = (suffix: string) => names.filter((name) => name.endsWith(suffix));
const pathOf = (name: string) => (name === 'index.html' ? '/' : `/page/${name}`);
const textOf = async (name: string) => (await app.request(pathOf(name))).text();
const html = await textOf('index.html');
const scripts = new Map<string, string>();
for (const name of ending('.js')) scripts.set(name, await textOf(name));

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]!);

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

test('the page names its styles, the script that imports the others, and the one that loads it again', () => {
  const targets = matches(html, /\s(?:src|href)="([^"]*)"/g).filter((target) => !/^(data:|#)/.test(target));
  const styles = [...ending('.css'), 'uplot.css'];
  expect(targets.sort()).toEqual([...styles, 'load-again.js', 'main.js'].map((name) => `page/${name}`).sort());
});

test('scripts import what is served: of the server only types', () => {
  for (const [name, text] of scripts) {
    for (const target of matches(text, /^import\b[^;]*?"([^"]*)"/gm)) {
      expect(
        [...scripts.keys(), 'uplot.js'].map((served) => `./${served}`),
        name,
      ).toContain(target);
    }
  }
  // It is no module.
  expect(scripts.get('load-again.js')).not.toMatch(/^(import|export)\b/m);
});

const withoutComments = (text: string) => text.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/(?<=^|\s)\/\/.*$/gm, '');

test('nothing comes from elsewhere', async () => {
  // The name of the SVG namespace in the icon is never loaded.
  const texts = [html.replaceAll("xmlns='http://www.w3.org/2000/svg'", ''), ...scripts.values()];
  for (const name of ending('.css')) texts.push(await textOf(name));
  // Comments import types for the type checker, and name where the chart library is from.
  for (const text of texts.map(withoutComments)) expect(text).not.toMatch(/https?:|["'(]\/\/|url\(|@import|\bimport\(/);
  // A path that is put together begins with a name of this list, too: the policy refuses other origins.
  const asked = [...scripts.values()].flatMap((text) => matches(text, /\b(?:fetch|EventSource|ask)\(["`]([a-z/-]*)/g));
  const own = ['fleet/config', 'fleet/dead-letters', 'health', 'history', 'session', 'stats'];
  expect([...new Set(asked)].sort()).toEqual(['controls', 'events', 'fleet', ...own]);
});

/** The page of a puller that other machines reach, in a browser that keeps its cookie. */
function lockedPage() {
  const locked = createPage(accessLock(['operator', 'viewer']), undefined, PAGE);
  let cookie = '';
  return {
    get: (path = '/') => locked.request(path, { headers: { cookie } }),
    async signIn(token: string, headers: Record<string, string> = {}) {
      const response = await locked.request('/session', {
        method: 'POST',
        body: new URLSearchParams({ token }),
        headers,
      });
      const set = response.headers.get('set-cookie');
      if (set !== null) cookie = set.split(';')[0]!;
      return { status: response.status, location: response.headers.get('location'), set };
    },
  };
}

test('a locked page shows a form, and nothing else, until the browser has signed in', async () => {
  const browser = lockedPage();
  const before = await browser.get();
  expect([before.status, await before.text()]).toEqual([401, await (await browser.get()).text()]);
  expect(await (await browser.get()).text()).toContain('<form method="post" action="session">');
  expect(before.headers.get('content-security-policy')).toContain("form-action 'self'");
  expect(await browser.signIn('viewer')).toMatchObject({ status: 303, location: './#key=' });
  const after = await browser.get();
  // And can sign out again.
  expect(html).toContain('id="sign-out" hidden>');
  expect([after.status, await after.text()]).toEqual([200, html.replace('id="sign-out" hidden>', 'id="sign-out">')]);
});

test('the cookie is out of reach of scripts and other sites, holds no token, and ends', async () => {
  const { set } = await lockedPage().signIn('operator');
  expect(set).toMatch(/; HttpOnly(;|$)/);
  expect(set).toMatch(/; SameSite=Strict(;|$)/);
  expect(set).toMatch(/; Max-Age=43200(;|$)/);
  expect(set).not.toMatch(/operator|viewer|Secure/);
  expect((await lockedPage().signIn('operator', { 'x-forwarded-proto': 'https' })).set).toMatch(/; Secure(;|$)/);
});

test('a wrong token gets the form again, which says so, and no cookie', async () => {
  const browser = lockedPage();
  const problem = /<p [^>]*role="alert">This is neither of the tokens/;
  expect(await (await browser.get()).text()).not.toMatch(problem);
  const refused = await createPage(accessLock(['operator']), undefined, PAGE).request('/session', {
    method: 'POST',
    body: new URLSearchParams({ token: 'viewer' }),
  });
  expect(await refused.text()).toMatch(problem);
  expect(await browser.signIn('viewers')).toEqual({ status: 403, location: null, set: null });
  expect(await browser.signIn('')).toMatchObject({ status: 403, set: null });
  expect((await browser.get()).status).toBe(401);
});

test('the files of the sign-in page are served, and the page cannot run scripts of its own', async () => {
  const form = await (await lockedPage().get()).text();
  expect(matches(form, /\s(?:src|href)="([^"]*)"/g)).toEqual(['page/style.css', 'page/sign-in.css']);
  expect(form).not.toMatch(/<script|\sstyle=|<style/);
  expect((await lockedPage().get('/page/sign-in.css')).status).toBe(200);
});

test('a page without a lock and without an operator has no sign-in', async () => {
  const response = await app.request('/session', { method: 'POST', body: new URLSearchParams({ token: 'operator' }) });
  expect(response.status).toBe(404);
});
