import { expect, test } from 'vitest';
import { LabelCounts } from './label-counts.js';
import { labelled, Metrics } from './metrics.js';

const linesOf = async (metrics: Metrics, start: string) =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(start));

test('a scrape reads the counts at that time, and leaves out what is no longer there', async () => {
  const metrics = new Metrics('x_');
  let counts: [string, number][] = [['us', 1]];
  metrics.counter('readings_total', 'r', () => labelled('region', counts));
  expect(await linesOf(metrics, 'x_readings_total')).toEqual(['x_readings_total{region="us"} 1']);
  counts = [['eu', 5]];
  expect(await linesOf(metrics, 'x_readings_total')).toEqual(['x_readings_total{region="eu"} 5']);
});

test('a histogram counts each value in its bucket and all above, with labels that can not break the text', async () => {
  const metrics = new Metrics('x_');
  const histogram = metrics.histogram('wait_seconds', 'w', [0.5, 2]);
  for (const value of [0.5, 1, 9]) histogram.observe({ region: 'us' }, value);
  histogram.observe({ region: 'a"b\\\n' }, 1);
  expect(await linesOf(metrics, 'x_wait')).toEqual([
    'x_wait_seconds_bucket{le="0.5",region="us"} 1',
    'x_wait_seconds_bucket{le="2",region="us"} 2',
    'x_wait_seconds_bucket{le="+Inf",region="us"} 3',
    'x_wait_seconds_sum{region="us"} 10.5',
    'x_wait_seconds_count{region="us"} 3',
    ...['0.5', '2', '+Inf'].map(
      (le, i) => `x_wait_seconds_bucket{le="${le}",region="a\\"b\\\\\\n"} ${i === 0 ? 0 : 1}`,
    ),
    'x_wait_seconds_sum{region="a\\"b\\\\\\n"} 1',
    'x_wait_seconds_count{region="a\\"b\\\\\\n"} 1',
  ]);
});

test('values that come later are waited for', async () => {
  const metrics = new Metrics('x_');
  metrics.gauge('depth', 'd', async () => 3);
  expect(await linesOf(metrics, 'x_depth')).toEqual(['x_depth 3']);
});

test('the process is part of every scrape, once, whatever the number of services in it', async () => {
  for (const metrics of [new Metrics('x_'), new Metrics('x_')]) {
    expect(await linesOf(metrics, 'process_cpu_seconds_total ')).toHaveLength(1);
  }
});

test('labels that clients choose are bounded: the rest is counted together', () => {
  const counts = new LabelCounts();
  for (let i = 0; i < 1000; i++) counts.add(`region-${i}`);
  counts.add('region-0', 2);
  const all = [...counts];
  expect(all).toHaveLength(101);
  expect(all).toContainEqual(['region-0', 3]);
  expect(all.at(-1)).toEqual(['other', 900]);
  expect(counts.total).toBe(1002);
});
