/** The web page: one HTML file with its script and style, which reads the puller's events. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';

export function createPage(): Hono {
  const html = readFileSync(new URL('./page.html', import.meta.url), 'utf8');
  const headers = {
    'content-security-policy': policyFor(html),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    // After an update of the program, the old page would meet a new puller.
    'cache-control': 'no-cache',
  };
  const app = new Hono();
  app.get('/', (c) => c.html(html, 200, headers));
  return app;
}

/**
 * Lets run exactly the script and the style that are in the file, and lets them talk to the puller only. Readings are
 * untrusted: should one ever get into the page as HTML, it stays without effect.
 */
function policyFor(html: string): string {
  return [
    "default-src 'none'",
    `script-src ${hashesOf(html, 'script')}`,
    `style-src ${hashesOf(html, 'style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

function hashesOf(html: string, tag: string): string {
  const texts = [...html.matchAll(new RegExp(`<${tag}[^>]*>(.*?)</${tag}>`, 'gs'))].map((match) => match[1]!);
  return texts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' ');
}
