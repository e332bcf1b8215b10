/** The web page: plain files that run in the browser without a build step and read the puller's events. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { type Context, Hono } from 'hono';
import type { AccessLock } from '../lib/net/access-lock.js';
import { readBody } from '../lib/net/request-body.js';

const FOLDER = new URL('./page/', import.meta.url);
const HTML = 'text/html; charset=UTF-8';
const TYPES: Record<string, string> = {
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

/** The form of the sign-in page may be sent to the puller. */
const SIGN_IN_HEADERS = {
  ...HEADERS,
  'content-security-policy': POLICY.replace("form-action 'none'", "form-action 'self'"),
};
/** A token, and the name of its field. */
const MAX_FORM_BYTES = 4_096;

/**
 * Reads the files once: a request selects one of them and never reaches the file system. With a lock, `/` shows a form
 * until the browser has signed in; the files themselves show nothing of the fleet.
 */
export function createPage(lock?: AccessLock): Hono {
  const app = new Hono();
  for (const name of readdirSync(FOLDER)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const text = read(name);
    app.get(`/page/${name}`, (c) => c.body(text, 200, { ...HEADERS, 'content-type': type }));
  }
  const page = read('index.html');
  const form = read('sign-in.html');
  const forms = { 401: form, 403: form.replace(/(id="problem".*) hidden>/, '$1>') };
  const type = { 'content-type': HTML };
  const signIn = (c: Context, status: keyof typeof forms) =>
    c.body(forms[status], status, { ...SIGN_IN_HEADERS, ...type });
  app.get('/', (c) => (lock?.problemOf(c, Date.now()) ? signIn(c, 401) : c.body(page, 200, { ...HEADERS, ...type })));
  if (lock) {
    app.post('/session', async (c) => {
      const form = await readBody(c, (bytes) => new URLSearchParams(new TextDecoder().decode(bytes)), MAX_FORM_BYTES);
      return lock.signIn(c, form.get('token')?.trim() ?? '', Date.now()) ? c.redirect('./', 303) : signIn(c, 403);
    });
  }
  return app;
}

const read = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');
