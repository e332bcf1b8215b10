import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createPage } from './page.js';

async function load() {
  const response = await createPage().request('/');
  const policy = response.headers.get('content-security-policy') ?? '';
  const directives = new Map(policy.split('; ').map((directive) => directive.split(/ (.*)/s) as [string, string]));
  return { response, html: await response.text(), directives };
}

const contentOf = (html: string, tag: string) => new RegExp(`<${tag}[^>]*>(.*?)</${tag}>`, 's').exec(html)![1]!;
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

test('the page is HTML, is asked for anew each time, and cannot be framed', async () => {
  const { response, html } = await load();
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/html; charset=UTF-8',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
  });
  expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
});

test('the policy lets run the one script and the one style that are in the page, and nothing else', async () => {
  const { html, directives } = await load();
  expect(html.match(/<(script|style)\b/g)).toEqual(['<style', '<script']);
  expect(Object.fromEntries(directives)).toEqual({
    'default-src': "'none'",
    'script-src': hashOf(contentOf(html, 'script')),
    'style-src': hashOf(contentOf(html, 'style')),
    'connect-src': "'self'",
    'img-src': 'data:',
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    'require-trusted-types-for': "'script'",
    'trusted-types': "'none'",
  });
});

test('the page works under the policy: no inline handlers or styles, no markup made from text', async () => {
  const { html } = await load();
  const markup = html.replace(/<(script|style)[^>]*>.*?<\/\1>/gs, '');
  expect(markup).not.toMatch(/<[^>]+\s(on\w+|style)=/);
  expect(contentOf(html, 'script')).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/);
});

test('nothing comes from elsewhere', async () => {
  const { html } = await load();
  // The name of the SVG namespace in the icon is never loaded.
  expect(html.replaceAll("xmlns='http://www.w3.org/2000/svg'", '')).not.toMatch(/https?:|["'(]\/\/|url\(|@import/);
  for (const [, target] of html.matchAll(/\s(?:src|href)="([^"]*)"/g)) expect(target).toMatch(/^data:/);
  expect([...html.matchAll(/(?:fetch|EventSource)\('([^']*)'/g)].map(([, path]) => path)).toEqual([
    'fleet',
    'events',
    'stats',
  ]);
});
