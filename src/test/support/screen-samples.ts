/** What a screen may have heard, for tests of its pictures. */

import { noData, record, type ScreenData, setSensors } from '../../cli/screen/screen-data.js';
import type { ReadingEvent } from '../../fleet/fleet-events.js';
import type { FleetSummary, RegionView, SensorView } from '../../fleet/fleet-view.js';
import { nothingDesired } from '../../protocol/desired-config.js';
import type { ReportedConfig } from '../../protocol/sensor-config.js';

export const T0 = Date.parse('2026-01-31T12:00:00Z');

export const reported = (over: Partial<ReportedConfig> = {}): ReportedConfig => ({
  version: 1,
  sources: { color: 'fleet', emoji: 'default', random_off: 'default', interval: 'flag', paused: 'file' },
  ...{ file: 'ok', intervalMs: 1500, paused: false },
  ...over,
});

export const sensor = (over: Partial<SensorView> = {}): SensorView => ({
  ...{ execution_id: 'e-1', job_id: 'j', hostname: 'edge-eu-1', region: 'eu', job_submission_time: 1, state: 'live' },
  ...{
    color: '#00ff88',
    icon_name: '🚀',
    sequence: 7,
    received: 7,
    duplicates: 0,
    late: 0,
    restarts: 0,
    gaps: 0,
    dropped: 0,
    waiting: 0,
    unaccounted: 0,
  },
  ...{ first_seen: T0, last_seen: T0, config: reported() },
  ...over,
});

export const region = (name: string, over: Partial<RegionView> = {}): RegionView => ({
  ...{
    region: name,
    cut: false,
    live: 1,
    paused: 0,
    silent: 0,
    rate: 1.5,
    received: 7,
    duplicates: 0,
    late: 0,
    gaps: 0,
    dropped: 0,
    waiting: 0,
    unaccounted: 0,
  },
  ...{ last_seen: T0, interval_ms: 1000, colors: [{ color: '#00ff88', sensors: 1 }] },
  ...over,
});

export function summary(regions: RegionView[], over: Partial<FleetSummary['total']> = {}): FleetSummary {
  const sum = (of: keyof FleetSummary['total']) => regions.reduce((total, one) => total + one[of], 0);
  const total = {
    ...{
      live: sum('live'),
      paused: sum('paused'),
      silent: sum('silent'),
      rate: sum('rate'),
      received: sum('received'),
    },
    ...{ duplicates: sum('duplicates'), late: sum('late'), gaps: sum('gaps'), last_seen: T0 },
    ...{ dropped: sum('dropped'), waiting: sum('waiting'), unaccounted: sum('unaccounted') },
  };
  return { time: T0, relays: [], regions, total: { ...total, ...over } };
}

export const readingEvent = (sequence: number, over: Partial<ReadingEvent['reading']> = {}): ReadingEvent => ({
  ...{ event: 'reading', received_at: T0 + sequence, late: false },
  reading: {
    ...{ job_id: 'j', execution_id: 'e-1', icon_name: '🚀', timestamp: '2026-01-31T12:00:00Z', color: '#00ff88' },
    ...{ sequence, region: 'eu', job_submission_time: 1, hostname: 'edge-eu-1' },
    ...over,
  },
});

/** Two regions, a sensor each, a reading, an alert, a note, and services. */
export function sampleData(): ScreenData {
  const data = noData(T0);
  record(data, { event: 'summary', summary: summary([region('us'), region('eu')]) }, T0);
  for (let sequence = 1; sequence <= 60; sequence++) record(data, readingEvent(sequence), T0);
  setSensors(data, [sensor(), sensor({ execution_id: 'e-2', hostname: 'edge-us-1', region: 'us' })]);
  data.desired = { ...nothingDesired(), regions: { eu: { version: 1, color: '#00ff88' } } };
  return data;
}
