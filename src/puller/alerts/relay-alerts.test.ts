import { expect, test } from 'vitest';
import type { RelayView } from '../../fleet/relays.js';
import { RelayAlerts } from './relay-alerts.js';

const NOW = 1_750_000_000_000;
const relay = (over: Partial<RelayView> = {}): RelayView => ({
  ...{ name: 'site', region: 'eu', backlog: 0, oldest_ms: 0, bytes: 0, max_bytes: 100, refused: 0 },
  ...{ heard_at: NOW, away: false, ...over },
});
const shown = (alerts: RelayAlerts, ...relays: RelayView[]) =>
  alerts.update({ time: NOW, relays }).map(({ type, relay: name, firing }) => `${type} ${name} ${firing}`);

test.each([
  ['relay.away', { away: true, heard_at: NOW - 40_000 }, /site \(eu\) has not been heard for 40 s/],
  ['relay.filling', { bytes: 80 }, /80 % full/],
  ['relay.backlog', { backlog: 5, oldest_ms: 1_200_000 }, /keeps 5 readings, the oldest for 20 min/],
])('%s fires once, and ends once', (type, over, text) => {
  const alerts = new RelayAlerts();
  expect(shown(alerts, relay(over), relay({ name: 'other' }))).toEqual([`${type} site true`]);
  expect([shown(alerts, relay(over)), alerts.firing.length]).toEqual([[], 1]);
  expect(alerts.firing[0]?.text).toMatch(text);
  expect([shown(alerts, relay()), alerts.firing]).toEqual([[`${type} site false`], []]);
});

test('a relay that is cut off is away, whatever it keeps; one that is forgotten has no alert', () => {
  const alerts = new RelayAlerts();
  expect(shown(alerts, relay({ away: true, backlog: 5, oldest_ms: 1_200_000 }))).toEqual(['relay.away site true']);
  expect(shown(alerts)).toEqual(['relay.away site false']);
});

test('the end of an alert is a sentence that names relay and region once', () => {
  const alerts = new RelayAlerts();
  alerts.update({ time: NOW, relays: [relay({ away: true, heard_at: NOW - 40_000 })] });
  const [over] = alerts.update({ time: NOW, relays: [relay()] });
  expect(over?.text).toBe('the relay site (eu) is heard again, or its sensors have ended');
});
