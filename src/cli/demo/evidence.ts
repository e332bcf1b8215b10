/** What must be seen after a step of the demo, in the fleet view of the puller. Pure. */
import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { SensorView } from '../../fleet/fleet-view.js';
import { REGIONS } from '../../network/network.js';
import type { FleetSnapshot } from '../../puller/puller-app.js';
import { countText, secondsText } from '../output/terminal-text.js';

export interface Seen {
  /** The sensors before the command. */
  before: SensorView[];
  now: FleetSnapshot;
  deadLetters: number;
  /** Since the start, in order. */
  alerts: AlertEvent[];
}

export interface Finding {
  ok: boolean;
  /** For people: `#ffb000 from every sensor (us 100, eu 100, as 100)`. */
  text: string;
}

export interface Evidence {
  /** Completes "must be seen: …". */
  must: string;
  check(seen: Seen): Finding;
}

const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);

/** `nodes`: in each region; `regions`: left out, all. */
const everySensor = (
  what: string,
  isSeen: (sensor: SensorView) => boolean,
  nodes: number,
  regions: readonly string[] = REGIONS,
): Evidence => ({
  must: `every sensor of ${regions.join(', ')} sends ${what}`,
  check({ now: { sensors } }) {
    const live = sensors.filter((sensor) => sensor.state === 'live' && isSeen(sensor));
    const counts = regions.map((name) => live.filter(({ region }) => region === name).length);
    const ok = counts.every((count) => count === nodes);
    const who = ok ? 'from every sensor' : `of ${countText(nodes, 'sensor')} in each region`;
    return { ok, text: `${what} ${who} (${regions.map((name, i) => `${name} ${counts[i]}`).join(', ')})` };
  },
});

export const sensorsMeasure = (name: string, nodes: number): Evidence =>
  everySensor(name, ({ values }) => values?.[name] !== undefined, nodes);

export const showsColor = (color: string, nodes: number, regions?: readonly string[]): Evidence =>
  everySensor(color, (sensor) => sensor.color === color, nodes, regions);

/** `firing`: false for an alert that is over. */
export const alertOf = (region: string, firing: boolean): Evidence => ({
  must: `the alert for ${region} ${firing ? 'fires' : 'is over'}`,
  check({ alerts }) {
    const own = alerts.flatMap((alert) => (alert.type === 'region.silent' && alert.region === region ? [alert] : []));
    const newest = own.at(-1);
    return {
      ok: newest?.firing === firing,
      text: newest === undefined ? `no alert for ${region}` : `${newest.firing ? 'alert' : 'over'}: ${newest.text}`,
    };
  },
});

/** Of the readings that a sensor takes in a second, so many have to arrive: a busy node takes them less often. */
const LEAST_PER_SECOND = 0.8;

/** Every sensor of the region took readings during the cut, and none of them is missing. */
export const keptReadingsArrived = (region: string, nodes: number): Evidence => ({
  must: `what ${region} kept arrives, without a gap`,
  check({ before, now: { summary, sensors } }) {
    const own = before.flatMap((earlier) => {
      const sensor = sensors.find(({ execution_id }) => execution_id === earlier.execution_id);
      const counts = earlier.region === region && earlier.state !== 'replaced' && earlier.state !== 'gone';
      const kept = sensor ? sensor.sequence - earlier.sequence : 0;
      return sensor && counts ? [{ sensor, kept, seconds: (summary.time - earlier.last_seen) / 1000 }] : [];
    });
    // A node that was away for long may run its sensor anew.
    const arrived = own.filter(
      ({ sensor, kept, seconds }) => sensor.state === 'replaced' || kept >= Math.floor(seconds * LEAST_PER_SECOND),
    );
    const missing = sum(own.map(({ sensor }) => missingOf(sensor)));
    const kept = sum(own.map((one) => one.kept));
    const away = secondsText(Math.max(0, ...own.map(({ seconds }) => seconds)));
    return {
      ok: arrived.length === nodes && missing === 0,
      text: `${countText(kept, 'reading')} of ${countText(own.length, 'sensor')}, taken in the ${away} since the cut; ${missing} missing`,
    };
  },
});

/** Numbers up to the highest that have not arrived; a restarted sensor counts anew. */
const missingOf = ({ sequence, received, restarts, gaps }: SensorView): number =>
  restarts > 0 ? gaps : Math.max(0, sequence - received);

/** A live change reaches the running executions: no job starts any. */
export const sameExecutions = (): Evidence => ({
  must: 'the same executions run on',
  check({ before, now }) {
    const earlier = new Set(before.map(({ execution_id }) => execution_id));
    const running = now.sensors.filter(({ state }) => state === 'live');
    const same = running.filter(({ execution_id }) => earlier.has(execution_id)).length;
    const text = `${same} of ${countText(running.length, 'sensor')} are the same executions as before`;
    return { ok: same === running.length && same > 0, text };
  },
});

export const nothingIsMissing = (): Evidence => ({
  must: 'no gap in all readings, and no dead letter',
  check({ now: { summary, sensors }, deadLetters }) {
    const gaps = Math.max(summary.total.gaps, sum(sensors.map((sensor) => sensor.gaps)));
    const { received, duplicates } = summary.total;
    const twice = `${countText(duplicates, 'reading')} arrived twice and counted once`;
    return {
      ok: gaps === 0 && received > 0 && deadLetters === 0,
      text: `${countText(gaps, 'gap')} in ${countText(received, 'reading')}; ${twice}; ${countText(deadLetters, 'dead letter')}`,
    };
  },
});
