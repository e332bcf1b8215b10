import { expect, test } from 'vitest';
import type { ConfigSource, ReportedConfig } from '../protocol/sensor-config.js';
import { fileConvergenceOf } from './convergence.js';
import type { SensorView } from './fleet-view.js';

const sensor = (color: string, source: ConfigSource, reported: Partial<ReportedConfig> = {}) =>
  ({
    ...{ execution_id: 'e', job_id: 'j', job_submission_time: 1, hostname: 'h', region: 'eu', state: 'live' },
    ...{ color, icon_name: '🚀' },
    config: {
      ...{ version: 0, file: 'ok', intervalMs: 1000, paused: false },
      sources: { color: source, emoji: 'flag', random_off: 'flag', interval: 'flag', paused: 'default' },
      ...reported,
    },
  }) as SensorView;

const wanted = { color: '#00aa00' };

test.each([
  ['shows its colour', sensor('#00AA00', 'file'), 1, []],
  ['shows another colour', sensor('#000000', 'file'), 0, []],
  ['has the colour from elsewhere', sensor('#00aa00', 'flag'), 0, []],
  ['must show a stronger one', sensor('#000000', 'fleet'), 1, ['color']],
  ['finds it bad', sensor('#00aa00', 'file', { file: 'bad' }), 0, []],
  ['has no file', sensor('#00aa00', 'file', { file: 'none' }), 0, []],
])('a sensor that %s', (_, seen, converged, hidden) => {
  expect(fileConvergenceOf([seen], 'eu', wanted, undefined)).toMatchObject({ sensors: 1, converged, hidden });
});

test('what the file has lost must not show any more', () => {
  expect(fileConvergenceOf([sensor('#00aa00', 'file')], 'eu', {}, undefined).converged).toBe(0);
  expect(fileConvergenceOf([sensor('#00aa00', 'flag')], 'eu', {}, undefined).converged).toBe(1);
});

test('sensors of other regions have other files', () => {
  expect(fileConvergenceOf([sensor('#000000', 'file')], 'us', wanted, undefined)).toMatchObject({
    sensors: 0,
    pending: [],
  });
});

test('who reports no configuration reads no file', () => {
  const mute = { ...sensor('#000000', 'file'), config: undefined };
  const progress = { sensors: 1, converged: 1, gone: 0 };
  expect(fileConvergenceOf([mute, sensor('#00aa00', 'file')], 'eu', wanted, undefined)).toMatchObject(progress);
});

test('what is gone is counted and not waited for, unless its job is known to be deployed', () => {
  const gone = { ...sensor('#000000', 'file'), state: 'gone' as const };
  expect(fileConvergenceOf([gone], 'eu', wanted, undefined)).toMatchObject({ sensors: 0, gone: 1 });
  expect(fileConvergenceOf([gone], 'eu', wanted, { deployed: ['j'], ended: [] })).toMatchObject({
    sensors: 1,
    gone: 0,
  });
  expect(fileConvergenceOf([gone], 'eu', wanted, { deployed: ['j'], ended: ['j'] })).toMatchObject({
    sensors: 0,
    gone: 0,
  });
});

test('what is overridden in a sensor that is gone is of no interest', () => {
  const gone = { ...sensor('#000000', 'fleet'), state: 'gone' as const };
  expect(fileConvergenceOf([gone], 'eu', wanted, undefined)).toMatchObject({ gone: 1, hidden: [] });
});

test('only values that the file sets can be overridden', () => {
  const sources = { color: 'file', emoji: 'fleet', random_off: 'flag', interval: 'flag', paused: 'default' } as const;
  const seen = sensor('#00aa00', 'file', { sources });
  expect(fileConvergenceOf([seen], 'eu', wanted, undefined)).toMatchObject({ converged: 1, hidden: [] });
  expect(fileConvergenceOf([seen], 'eu', { ...wanted, emoji: 3 }, undefined).hidden).toEqual(['emoji']);
});
