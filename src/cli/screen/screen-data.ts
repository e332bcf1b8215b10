/** What the screen has heard: from the puller's events and answers, and from `up`. Pure; time is always given. */
import type { AlertEvent, FleetEvent, MessageEvent, ReadingEvent } from '../../fleet/fleet-events.js';
import type { FleetSummary, SensorView } from '../../fleet/fleet-view.js';
import { compareRegions } from '../../fleet/region-counts.js';
import type { DesiredState } from '../../protocol/desired-config.js';
import { subjectOf } from '../../puller/alerts/firing-alerts.js';
import type { PullerAppStats } from '../../puller/puller-app.js';

export interface ScreenData {
  summary: FleetSummary | undefined;
  /** When the last event arrived, Unix milliseconds. */
  heardAt: number;
  /** Rates of each region, one a second, the newest last; `''` is the whole fleet. */
  rates: Map<string, number[]>;
  /** The newest last. */
  readings: (ReadingEvent | MessageEvent)[];
  /** Those that fire, by rule and region. */
  firing: Map<string, AlertEvent>;
  /** Alerts and notes, at Unix milliseconds, the newest last. */
  happened: { at: number; kind: 'alert' | 'over' | 'note'; text: string }[];
  /** What `up` waits for; '' for nothing. */
  progress: string;
  /** Those that count, in the order shown. */
  sensors: SensorView[];
  desired: DesiredState | undefined;
  stats: PullerAppStats | undefined;
}

export const noData = (now: number): ScreenData => ({
  summary: undefined,
  heardAt: now,
  rates: new Map(),
  readings: [],
  firing: new Map(),
  happened: [],
  progress: '',
  sensors: [],
  desired: undefined,
  stats: undefined,
});

const RATES = 300;
export const READINGS = 2000;
const HAPPENED = 400;

/** Records an event that arrived now. */
export function record(data: ScreenData, event: FleetEvent, now: number): void {
  data.heardAt = now;
  switch (event.event) {
    case 'summary': {
      const { total, regions } = event.summary;
      data.summary = event.summary;
      for (const { region, rate } of [{ region: '', rate: total.rate }, ...regions]) {
        const rates = data.rates.get(region) ?? [];
        data.rates.set(region, rates);
        push(rates, rate, RATES);
      }
      return;
    }
    case 'alert': {
      const key = subjectOf(event);
      // Those that fire are sent again with every new connection.
      if (event.firing && data.firing.get(key)?.at === event.at) return;
      if (event.firing) data.firing.set(key, event);
      else data.firing.delete(key);
      push(data.happened, { at: event.at, kind: event.firing ? 'alert' : 'over', text: event.text }, HAPPENED);
      return;
    }
    default:
      push(data.readings, event, READINGS);
  }
}

export function addNote(data: ScreenData, text: string, now: number): void {
  data.progress = '';
  for (const line of text.split('\n')) {
    if (line.trim() !== '') push(data.happened, { at: now, kind: 'note', text: line.trim() }, HAPPENED);
  }
}

const { compare } = new Intl.Collator('en', { numeric: true });

/** Once for each answer, and not for each picture. */
export function setSensors(data: ScreenData, sensors: SensorView[]): void {
  data.sensors = sensors
    .filter(({ state }) => state !== 'gone' && state !== 'replaced')
    .sort((a, b) => compareRegions(a.region, b.region) || compare(a.hostname, b.hostname));
}

/** Keeps the newest `limit`; cuts only now and then, because thousands arrive a second. */
function push<T>(list: T[], value: T, limit: number): void {
  list.push(value);
  if (list.length > 2 * limit) list.splice(0, list.length - limit);
}
