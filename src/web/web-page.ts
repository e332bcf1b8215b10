/** The web page: plain files that run in the browser without a build step and read the puller's events. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Hono } from 'hono';

const FOLDER = new URL('./page/', import.meta.url);
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=UTF-8',
  '.css': 'text/css; charset=UTF-8',
  '.js': 'text/javascript; charset=UTF-8',
};

/**
 * Allows only the scripts and styles that are served here, and requests only to the puller. Readings are untrusted: one
 * that gets into the page as HTML has no effect.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  // A cached page of an older version may not understand a newer puller.
  'cache-control': 'no-cache',
};

/** Reads the files once: a request selects one of them and never reaches the file system. */
export function createPage(): Hono {
  const app = new Hono();
  for (const name of readdirSync(FOLDER)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const text = readFileSync(new URL(name, FOLDER), 'utf8');
    const path = name === 'index.html' ? '/' : `/page/${name}`;
    app.get(path, (c) => c.body(text, 200, { ...HEADERS, 'content-type': type }));
  }
  return app;
}
