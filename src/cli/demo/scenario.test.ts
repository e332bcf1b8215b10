import { expect, test } from 'vitest';
import type { RegionView, SensorView } from '../../fleet/fleet-view.js';
import { loadCommands } from '../commands/command-table.js';
import { commandLines, demoWidth } from '../output/demo-text.js';
import { createProgram } from '../program.js';
import type { Scene } from './demo-step.js';
import { SCENARIO } from './scenario.js';
import {
  alertFires,
  alertIsOver,
  everySensorSends,
  lateReadingIsDropped,
  nothingIsMissing,
  regionIsQuiet,
  showsColor,
} from './sights.js';

const commands = await loadCommands([]);

const NODES = 2;
const T0 = 1_750_000_000_000;
const region = (name: string, over: Partial<RegionView> = {}) =>
  ({ region: name, live: NODES, received: 10, colors: [{ color: '#00c853', sensors: NODES }], ...over }) as RegionView;

/** A scene in which the puller shows this. */
function scene({
  regions = [region('us'), region('eu'), region('as')],
  sensors = [] as Partial<SensorView>[],
  gaps = 0,
  alerts = [] as object[],
} = {}): Scene {
  const total = { live: 3 * NODES, received: 30, duplicates: 0, gaps };
  return {
    network: {
      options: { kind: 'embedded', nodes: NODES },
      fleet: {
        summary: async () => ({ regions, total }),
        snapshot: async () => ({ summary: { regions, total }, sensors }),
      },
      proxy: { url: 'http://127.0.0.1:9090' },
      alerts,
    },
    memory: {
      began: T0,
      lateReading: {
        execution_id: 'e',
        sequence: 5,
        region: 'eu',
        hostname: 'edge-eu-1',
        color: '#ffb000',
        job_submission_time: T0,
      },
    },
  } as unknown as Scene;
}

const now = AbortSignal.abort();
const look = async (sight: ReturnType<typeof everySensorSends>, seen: Scene) => (await sight.look(seen, now)).ok;

test('every command that the demo shows is one of this program, with its options', () => {
  const program = createProgram(commands);
  for (const { command } of SCENARIO) {
    const { program: other, words } = command(scene());
    if (other !== undefined) continue;
    const [path = '', ...rest] = words;
    const flags = rest.flatMap((word) => (word.startsWith('--') ? [word.split(' ')[0]!] : []));
    const found = path
      .split(' ')
      .reduce((group, word) => group.commands.find((one) => one.name() === word) ?? group, program);
    expect(found, path).not.toBe(program);
    expect(
      flags.filter((flag) => !found.options.some(({ long }) => long === flag)),
      path,
    ).toEqual([]);
  }
});

test('what the demo shows fits 80 columns, and needs point back', () => {
  const before: string[] = [];
  for (const { id, command, needs = [], again = id } of SCENARIO) {
    const lines = commandLines({ program: 'npx wasm-sensors', ...command(scene()) }, demoWidth(80) - 2);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(78);
    before.push(id);
    expect([...needs, again].filter((one) => !before.includes(one))).toEqual([]);
  }
});

test('every sensor sends, in all three regions', async () => {
  expect(await look(everySensorSends(), scene())).toBe(true);
  expect(await look(everySensorSends(), scene({ regions: [region('us'), region('eu')] }))).toBe(false);
  expect(
    await look(everySensorSends(), scene({ regions: [region('us'), region('eu', { live: 1 }), region('as')] })),
  ).toBe(false);
});

test('a colour is shown when no sensor has another one', async () => {
  const mixed = scene({
    regions: [region('us'), region('eu', { colors: [{ color: '#00c853', sensors: 1 }] }), region('as')],
  });
  expect(await look(showsColor('#00c853'), scene())).toBe(true);
  expect(await look(showsColor('#00c853'), mixed)).toBe(false);
  expect(await look(showsColor('#00c853', ['us', 'as']), mixed)).toBe(true);
  expect(await look(showsColor('#00c853', ['us', 'as']), scene({ regions: [region('us')] }))).toBe(false);
});

test('a region is quiet only after a while, and while others send', async () => {
  expect(await look(regionIsQuiet('eu'), scene())).toBe(false);
});

test('the newest alert of the region counts', async () => {
  const alert = (name: string, firing: boolean) => ({ type: 'region.silent', region: name, firing, silent_ms: 6000 });
  const firing = scene({ alerts: [alert('eu', true), alert('us', false)] });
  const over = scene({ alerts: [alert('eu', true), alert('eu', false), alert('us', true)] });
  expect([await look(alertFires('eu'), firing), await look(alertIsOver('eu'), firing)]).toEqual([true, false]);
  expect([await look(alertFires('eu'), over), await look(alertIsOver('eu'), over)]).toEqual([false, true]);
  expect([await look(alertFires('eu'), scene()), await look(alertIsOver('eu'), scene())]).toEqual([false, false]);
});

test.each([
  ['superseded and not there', 'superseded', 4, true],
  ['superseded, but the puller has it', 'superseded', 5, false],
  ['accepted', 'accepted', 4, false],
])('a late reading that was %s', async (_, outcome, sequence, ok) => {
  const seen = scene({ sensors: [{ execution_id: 'e', sequence }] });
  seen.memory.lateOutcome = outcome;
  expect(await look(lateReadingIsDropped(), seen)).toBe(ok);
});

test('one gap is too many, also of a sensor that was replaced', async () => {
  expect(await look(nothingIsMissing(), scene())).toBe(true);
  expect(await look(nothingIsMissing(), scene({ gaps: 1 }))).toBe(false);
  expect(await look(nothingIsMissing(), scene({ sensors: [{ gaps: 1 }] }))).toBe(false);
});
