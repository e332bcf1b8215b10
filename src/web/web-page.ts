/** The web page: plain files, as the build leaves them, that run in the browser and read the puller's events. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Context, Hono } from 'hono';
import type { AccessLock, OperatorSessions } from '../lib/net/access-lock.js';
import { readBody } from '../lib/net/request-body.js';
import { packageRoot } from '../lib/process/self-command.js';

/** Beside this file, as long as it is not bundled with others. */
const SOURCES = new URL('./page/', import.meta.url);
const PAGE_FOLDER = existsSync(SOURCES) ? SOURCES : pathToFileURL(`${packageRoot}dist/web/page/`);
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
  'content-type': 'text/html; charset=UTF-8',
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
 * until the browser has signed in; the files themselves show nothing of the fleet. `operator`: browsers that sign in with
 * the operator token may change things.
 */
export function createPage(lock?: AccessLock, operator?: OperatorSessions, folder = PAGE_FOLDER): Hono {
  const app = new Hono();
  const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');
  for (const name of readdirSync(folder)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const text = read(name);
    app.get(`/page/${name}`, (c) => c.body(text, 200, { ...HEADERS, 'content-type': type }));
  }
  // Who has signed in to read may sign out; the page itself finds out who is the operator.
  const page = lock ? read('index.html').replace(/(id="sign-out") hidden>/, '$1>') : read('index.html');
  const form = read('sign-in.html');
  const forms = { 401: form, 403: form.replace(/(id="problem".*) hidden>/, '$1>') };
  const signIn = (c: Context, status: keyof typeof forms) => c.body(forms[status], status, SIGN_IN_HEADERS);
  app.get('/', (c) => (lock?.problemOf(c, Date.now()) ? signIn(c, 401) : c.body(page, 200, HEADERS)));
  if (lock || operator) {
    app.post('/session', async (c) => {
      const form = await readBody(c, (bytes) => new URLSearchParams(new TextDecoder().decode(bytes)), MAX_FORM_BYTES);
      const token = form.get('token')?.trim() ?? '';
      const reads = lock?.signIn(c, token, Date.now()) ?? false;
      const key = operator?.signIn(token, Date.now());
      if (!reads && key === undefined) return signIn(c, 403);
      if (c.req.header('accept')?.includes('application/json')) return c.json({ key });
      // What follows # is not sent to anybody: the page takes the key from it, and forgets an earlier one.
      return c.redirect(`./#key=${key ?? ''}`, 303);
    });
    app.delete('/session', (c) => {
      lock?.signOut(c);
      operator?.signOut(c);
      return c.body(null, 204);
    });
  }
  return app;
}
