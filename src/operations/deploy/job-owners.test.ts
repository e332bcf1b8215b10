import { expect, test } from 'vitest';
import { FakeNetwork, jobInfo } from '../../test/support/fake-network.js';
import { publisherNotices, sameUrl } from './job-owners.js';

test('notices: jobs of others and ours that send elsewhere', () => {
  const network = new FakeNetwork();
  network.owner = 'mine';
  network.proxyNames = { job: 'http://job:1' };
  const job = (region: string, over: object) => jobInfo({ role: 'publisher', region }, over);
  const jobs = [
    job('us', { owner: 'mine', proxyUrl: 'http://proxy-of-us' }),
    job('eu', { owner: 'theirs', proxyUrl: 'http://proxy-of-eu' }),
    job('a', { owner: 'mine', proxyUrl: 'http://elsewhere' }),
    job('b', { owner: 'mine', proxyUrl: 'http://job:1/' }),
    // Straight to the proxy, beside the region's link.
    job('c', { owner: 'mine', proxyUrl: 'http://localhost:9090' }),
    job('d', { owner: 'theirs', state: 'stopped', proxyUrl: 'http://theirs' }),
    // Of an earlier version, which other terminals can't see through.
    job('e', {}),
    jobInfo({ role: 'proxy' }, { owner: 'mine' }),
    // To the relay of its region, which runs as a job.
    job('f', { owner: 'mine', proxyUrl: 'http://relay:9090' }),
    jobInfo({ role: 'relay', region: 'f' }, { owner: 'mine', proxyUrl: 'http://relay:9090' }),
  ];
  expect(publisherNotices(network, jobs, ['http://127.0.0.1:9090'])).toEqual([
    { type: 'publisher.foreign', job: 'publisher-eu', owner: 'theirs', proxyUrl: 'http://proxy-of-eu' },
    { type: 'publisher.sends-elsewhere', job: 'publisher-a', proxyUrl: 'http://elsewhere' },
  ]);
});

test.each([
  ['http://localhost:9090/', 'http://127.0.0.1:9090', true],
  ['http://proxy:80', 'http://proxy', true],
  ['http://proxy/a', 'http://proxy/a//', true],
  ['http://proxy/a', 'http://proxy/b', false],
  ['http://proxy', 'https://proxy', false],
  ['no url', 'no url', true],
])('%s and %s are the same: %s', (a, b, same) => {
  expect(sameUrl(a, b)).toBe(same);
});
