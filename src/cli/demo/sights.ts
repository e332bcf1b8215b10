/** What must be seen in a demo, measured from the puller: from its fleet view, its alerts and its readings. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RegionView, SensorView } from '../../fleet/fleet-view.js';
import { REGIONS } from '../../network/network.js';
import { countText, secondsText } from '../output/terminal-text.js';
import type { Scene, Seen, Sight } from './demo-step.js';

const LOOK_EVERY_MS = 200;
/** How long a cut region is watched: no reading of it may arrive, and others must. */
const QUIET_MS = 2000;

/** A sight that is looked at again until it is there. */
function seen(must: string, look: (scene: Scene) => Promise<Seen>): Sight {
  return { must, look: (scene, signal) => lookUntil(signal, () => look(scene)) };
}

async function lookUntil(signal: AbortSignal, look: () => Promise<Seen>): Promise<Seen> {
  for (;;) {
    const found = await look();
    if (found.ok || signal.aborted) return found;
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

const eachRegion = (regions: RegionView[], count: (region: RegionView) => number): string =>
  regions.map((region) => `${region.region} ${count(region)}`).join(', ');

const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);

const countOf = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? noun : `${noun}s`}`;

/** The first reading comes soon; how long all sensors take depends on the machine. */
export const everySensorSends = (): Sight =>
  seen('every sensor sends', async ({ network, memory }) => {
    const { summary, sensors } = await network.fleet.snapshot();
    const { regions, total } = summary;
    const first = Math.min(...sensors.map(({ first_seen }) => first_seen));
    const ok = regions.length === REGIONS.length && regions.every(({ live }) => live === network.options.nodes);
    const after = sensors.length > 0 ? `, the first after ${secondsText((first - memory.began) / 1000)}` : '';
    return {
      ok,
      text: `${countText(total.live, 'sensor')} ${total.live === 1 ? 'sends' : 'send'} (${eachRegion(regions, ({ live }) => live)})${after}`,
    };
  });

export const everySensorMeasures = (name: string): Sight =>
  seen(`the readings carry a ${name}`, async ({ network }) => {
    const { sensors } = await network.fleet.snapshot();
    const measured = sensors.flatMap(({ state, values }) => (state === 'live' ? (values?.[name] ?? []) : []));
    const ok = measured.length === REGIONS.length * network.options.nodes;
    const range = measured.length > 0 ? `, ${Math.min(...measured)} to ${Math.max(...measured)}` : '';
    return { ok, text: `${name} of ${countText(measured.length, 'sensor')}${range}` };
  });

/** `regions`: left out, all. */
export const showsColor = (color: string, wanted?: string[]): Sight =>
  seen(`the readings of ${wanted?.join(' and ') ?? 'every region'} show ${color}`, async ({ network }) => {
    const { regions } = await network.fleet.summary();
    const own = regions.filter(({ region }) => !wanted || wanted.includes(region));
    const having = ({ colors }: RegionView) => colors.find((one) => one.color === color)?.sensors ?? 0;
    const { nodes } = network.options;
    const ok = own.length === (wanted ?? REGIONS).length && own.every((region) => having(region) === nodes);
    const who = ok ? 'from every sensor' : `of ${countText(nodes, 'sensor')} in each region`;
    return { ok, text: `${color} ${who} (${eachRegion(own, having)})` };
  });

export const regionIsQuiet = (region: string): Sight => ({
  must: `no reading of ${region} arrives, and the others go on`,
  async look({ network }, signal) {
    const counts = async () => {
      const { regions } = await network.fleet.summary();
      const of = (wanted: boolean) =>
        sum(regions.filter((one) => (one.region === region) === wanted).map(({ received }) => received));
      return { at: Date.now(), own: of(true), others: of(false) };
    };
    let first = await counts();
    return lookUntil(signal, async () => {
      const now = await counts();
      // What was under way when the link was cut still arrives.
      if (now.own > first.own) first = now;
      const ok = now.at - first.at >= QUIET_MS && now.others > first.others;
      return {
        ok,
        text: `in ${secondsText((now.at - first.at) / 1000)}: nothing from ${region}, ${countOf(now.others - first.others, 'reading')} from the others`,
      };
    });
  },
});

/** The alert of a region that has fallen silent. */
export const alertFires = (region: string): Sight => ({
  must: `the alert for ${region} fires`,
  look: (scene, signal) =>
    lookUntil(signal, async () => {
      const alert = alertOf(scene, region);
      return alert?.firing
        ? { ok: true, text: `alert: no reading from ${region} for ${Math.round(alert.silent_ms / 1000)} s` }
        : { ok: false, text: `no alert for ${region}` };
    }),
});

export const alertIsOver = (region: string): Sight => ({
  must: `the alert for ${region} is over`,
  look: (scene, signal) =>
    lookUntil(signal, async () =>
      alertOf(scene, region)?.firing === false
        ? { ok: true, text: `alert over: ${region} is reporting again` }
        : { ok: false, text: `the alert for ${region} still fires` },
    ),
});

function alertOf({ network }: Scene, region: string) {
  const own = network.alerts.flatMap((alert) =>
    alert.type === 'region.silent' && alert.region === region ? [alert] : [],
  );
  return own.at(-1);
}

/** Every sensor of the region took readings during the cut, and none of them is missing. */
export const keptReadingsArrive = (region: string): Sight => ({
  must: `what ${region} kept arrives, without a gap`,
  async look({ network, memory }, signal) {
    const cut = memory.cut!;
    const over = cut.over ?? Date.now();
    const kept = new Map<string, number>();
    /** Sensors that have sent readings of after the cut: they sent what they kept before. */
    const caughtUp = new Set<string>();
    const enough = new AbortController();
    const collect = async () => {
      const readings = network.fleet.events({ region, kinds: ['reading'], since: over, signal: enough.signal });
      for await (const event of readings) {
        if (event.event !== 'reading') continue;
        const { execution_id: id, timestamp } = event.reading;
        const taken = Date.parse(timestamp);
        if (taken >= over) caughtUp.add(id);
        else if (taken > cut.at) kept.set(id, (kept.get(id) ?? 0) + 1);
      }
    };
    const collecting = collect().catch(() => {});
    const found = await lookUntil(signal, async () => {
      const { sensors } = await network.fleet.snapshot();
      const own = sensors.filter(({ execution_id }) => kept.has(execution_id));
      const missing = sum(own.map(missingOf));
      const count = sum([...kept.values()]);
      const text = `${countOf(count, 'reading')} that ${countText(own.length, 'sensor')} took in ${secondsText((over - cut.at) / 1000)} without a link; ${missing} missing`;
      // A node that was away for long may run its sensor anew.
      const done = own.filter(({ execution_id: id, state }) => caughtUp.has(id) || state === 'replaced');
      const ok = done.length === network.options.nodes && missing === 0;
      return { ok, text, figures: { kept: count, missing } };
    });
    enough.abort();
    await collecting;
    return found;
  },
});

/** Numbers up to the highest that have not arrived; a restarted sensor counts anew. */
const missingOf = ({ sequence, received, restarts, gaps }: SensorView): number =>
  restarts > 0 ? gaps : Math.max(0, sequence - received);

export const lateReadingIsDropped = (): Sight => ({
  must: 'the proxy answers superseded, and the puller gets nothing',
  async look({ network, memory }, signal) {
    const { lateReading, lateOutcome: outcome = '' } = memory;
    const { execution_id: executionId, sequence } = lateReading!;
    // Long enough for a reading that was accepted to arrive.
    await sleep(QUIET_MS, undefined, { signal }).catch(() => {});
    const sensor = (await network.fleet.snapshot()).sensors.find(({ execution_id }) => execution_id === executionId);
    const arrived = (sensor?.sequence ?? 0) >= sequence;
    const text = `the proxy answered ${outcome || 'no status'}; the puller ${arrived ? 'got it' : 'never got it'} (reading ${sequence} of its sensor)`;
    return { ok: outcome === 'superseded' && !arrived, text };
  },
});

/** A live change reaches the running executions: no job starts any. */
export const sameExecutions = (): Sight =>
  seen('the same executions run on', async ({ network, memory }) => {
    const now = await runningExecutions(network);
    const same = now.filter((id) => memory.executions?.includes(id));
    return {
      ok: same.length === now.length && now.length > 0,
      text: `${same.length} of ${countText(now.length, 'sensor')} are the same executions as before`,
    };
  });

/** Ids of the sensors that send. */
export async function runningExecutions({ fleet }: Scene['network']): Promise<string[]> {
  const { sensors } = await fleet.snapshot();
  return sensors.filter(({ state }) => state === 'live').map(({ execution_id }) => execution_id);
}

export const nothingIsMissing = (): Sight =>
  seen('0 gaps in all readings', async ({ network }) => {
    const { summary, sensors } = await network.fleet.snapshot();
    const gaps = Math.max(summary.total.gaps, sum(sensors.map(({ gaps }) => gaps)));
    const { received, duplicates } = summary.total;
    const ok = gaps === 0 && received > 0;
    return {
      ok,
      text: `${countText(gaps, 'gap')} in ${countOf(received, 'reading')}; ${countOf(duplicates, 'reading')} arrived twice and ${duplicates === 1 ? 'counts' : 'count'} once`,
      figures: { gaps, received, duplicates },
    };
  });

export const queueIsClean = (): Sight =>
  seen('no dead letter', async ({ network }) => {
    const { depth, deadLetters } = await network.fleet.stats();
    const waiting = depth ? depth.visible + depth.delayed : 0;
    return {
      ok: deadLetters === 0 || deadLetters === undefined,
      text: `${countOf(deadLetters ?? 0, 'dead letter')}; ${countOf(waiting, 'reading')} waiting in the queue`,
    };
  });
