/** The calls that show who may reach a service at all, the same for each of them. */
import type { HttpTranscript } from './http-transcript.js';

/** `path` answers 200 by itself; `name` is among the names under which the service is known, next to those of loopback. */
export async function guardCalls(transcript: HttpTranscript, path: string, name: string): Promise<void> {
  const call = (title: string, headers: Record<string, string>) => transcript.call(title, 'GET', path, { headers });
  await call('a name of loopback', { host: 'localhost:9090' });
  await call('an address of loopback', { host: '127.0.0.1:9090' });
  await call('an IPv6 address', { host: '[::1]:9090' });
  await call('a name that is given, without a port', { host: name });
  await call('in capitals', { host: name.toUpperCase() });
  await call('another name', { host: 'evil.test:9090' });
  await call('a name that only begins like one of ours', { host: `${name}.evil.test` });
  await call('another address of loopback', { host: '127.0.0.2:9090' });
  await call('no Host', {});
  await call('our own page', { host: 'localhost:9090', origin: 'http://localhost:9090' });
  await call('our own page over https', { host: 'localhost:9090', origin: 'https://localhost:9090' });
  await call('a page on another port', { host: 'localhost:9090', origin: 'http://localhost:3000' });
  await call('a page under another of our names', { host: 'localhost:9090', origin: 'http://127.0.0.1:9090' });
  await call('a page of another site', { host: 'localhost:9090', origin: 'http://evil.test' });
  await call('a page without an origin', { host: 'localhost:9090', origin: 'null' });
  await call('an origin that is no URL', { host: 'localhost:9090', origin: 'evil' });
  const fetched = (mode: string, site = 'cross-site') => ({
    host: 'localhost:9090',
    'sec-fetch-site': site,
    'sec-fetch-mode': mode,
  });
  await call('an image of another site', fetched('no-cors'));
  await call('a link of another site', fetched('navigate'));
  await call('another port of this site', fetched('no-cors', 'same-site'));
  await call('a cross-site request that does not say how', { host: 'localhost:9090', 'sec-fetch-site': 'cross-site' });
  await call('the Host is looked at first', { host: 'evil.test', origin: 'http://evil.test' });
}
