/** The web page: one HTML file with its script and style, which reads the puller's events. */
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';

/** Everything the page needs is in it; nothing is loaded from elsewhere. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:";

export function createPage(): Hono {
  const html = readFileSync(new URL('./page.html', import.meta.url), 'utf8');
  const app = new Hono();
  app.get('/', (c) => c.html(html, 200, { 'content-security-policy': POLICY, 'x-frame-options': 'DENY' }));
  return app;
}
