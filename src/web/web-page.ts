/** The web page: plain files, which the browser runs as they are and which read the puller's events. */
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
 * Lets run exactly the scripts and the styles that are served here, and lets them talk to the puller only. Readings are
 * untrusted: should one ever get into the page as HTML, it stays without effect.
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
  // After an update of the program, the old page would meet a new puller.
  'cache-control': 'no-cache',
};

/** The files are read once: a request names one of them, and never a path. */
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
