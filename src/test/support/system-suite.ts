/**
 * The whole-system suite, driven through the CLI: what each network does in its own way is tried on each, what modules do on
 * those with and without Bacalhau, and what commands, proxy, puller and store do whatever runs the sensors on one.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { SensorView } from '../../fleet/fleet-view.js';
import { isAlive, type ProcessId } from '../../lib/process/process-id.js';
import { LANGUAGES } from '../../modules/init-sensor.js';
import { Processes } from '../torture/machine/processes.js';
import { eventually, nothingMissing, Sandbox } from './cli-harness.js';
import { FOREIGN_COLORS, foreignModule, ORIGINAL_PUBLISHER } from './foreign-modules.js';
import { expectAccounted, hostOf, type Row } from './kept-readings.js';
import { followsLogs, keepsLogs, refusesUnknownLog, showsEveryLog } from './logs-suite.js';
import { compilerMissing, OWN_SENSORS, ownSensorPath } from './own-sensors.js';
import { INTERVAL_S, MAX_UNACCOUNTED, OUTLASTS_CUT, outlastsCut, START_MS } from './site-suite.js';
import { tinyModule } from './tiny-module.js';

export interface SystemOptions {
  network: 'embedded' | 'native' | 'compose';
  /** Why it can't run here. */
  skip?: string | undefined;
  env?: Record<string, string>;
  /** Kills the queue, the proxy or the puller (SIGKILL), and resolves when it runs again; by default it is a child of `up`. */
  kill?(sandbox: Sandbox, service: 'proxy' | 'puller' | 'queue'): Promise<void>;
  /** What happens to readings that its sensors keep. */
  risk?: Row;
  /** Seconds between readings; the less, the more is under way when something is killed. */
  interval?: string;
  /** A site's relay keeps what its sensors give up; kills that of eu (SIGKILL), and resolves when it runs again. */
  killRelay?(): Promise<void>;
  /** What is left of it beside processes. */
  leftOver?(): Promise<string[]>;
  /** Arguments of the last `down`. */
  downArgs?: string[];
}

async function killChild(sandbox: Sandbox, child: string): Promise<void> {
  const pid = sandbox.pidOf(child);
  process.kill(pid, 'SIGKILL');
  await eventually(`a new ${child}`, () => sandbox.pidOf(child) !== pid);
}

const FOREIGN_REGIONS = { go: 'us', c: 'as' };
const FOREIGN_ARGS = {
  go: () => [foreignModule('go'), '--region', FOREIGN_REGIONS.go],
  c: () => [foreignModule('c'), '--region', FOREIGN_REGIONS.c, '--param={proxy}', '--param={region}'],
};

interface Status {
  nodes: { name: string; region: string; type: string; connected: boolean }[];
  sensors: SensorView[];
  summary: { total: { live: number; gaps: number } };
}

export function describeSystem(options: SystemOptions): void {
  const {
    network,
    risk,
    skip,
    env,
    kill = killChild,
    interval = '0.5',
    killRelay,
    leftOver = async () => [],
    downArgs,
  } = options;

  describe(`the ${network} network`, () => {
    const sandbox = new Sandbox(env);
    let processes: ProcessId[] = [];

    beforeAll(async () => {
      if (skip !== undefined) return;
      const args = ['--deploy', '--interval', interval, '--color', '#112233'];
      await sandbox.up(network, killRelay === undefined ? args : [...args, '--relays'], { timeoutMs: START_MS });
      processes = [sandbox.state().up, ...sandbox.state().children];
    }, 2 * START_MS);
    afterAll(() => sandbox.close(downArgs));

    const system = (name: string, body: () => Promise<void>, timeout?: number) =>
      test(name, timeout === undefined ? {} : { timeout }, async (context) => {
        if (skip !== undefined) context.skip(skip);
        await body();
      });
    /** What is the same whatever runs the sensors. */
    const once: typeof system = (...step) => {
      if (network === 'embedded') system(...step);
    };
    /** Nodes in containers run modules as those without do. */
    const runsModules = network !== 'compose';

    system('after `up --deploy` all three regions send, as status says', async () => {
      // A node that a busy machine holds up may miss a heartbeat.
      await vi.waitFor(
        async () => {
          const { nodes, sensors } = await sandbox.json<Status>(['status']);
          const edges = nodes.filter(({ type }) => type === 'edge');
          const shown = [
            edges.map(({ region, connected }) => `${region} ${connected}`).sort(),
            sensors.map(({ region, state, color }) => `${region} ${state} ${color}`).sort(),
          ];
          expect(shown).toEqual([
            ['as true', 'eu true', 'us true'],
            ['as live #112233', 'eu live #112233', 'us live #112233'],
          ]);
        },
        { timeout: 30_000, interval: 1000 },
      );
    });

    once('tail gives one event a line, with exactly the nine fields, and ends at its limit', async () => {
      const { code, stdout } = await sandbox.run(['tail', '-o', 'ndjson', '--limit', '4', '--region', 'eu']);
      expect(code).toBe(0);
      const events = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(events).toHaveLength(4);
      for (const { event, received_at, late, ...reading } of events) {
        expect([event, late, typeof received_at]).toEqual(['reading', false, 'number']);
        expect(Object.keys(reading).sort()).toEqual(
          'color,execution_id,hostname,icon_name,job_id,job_submission_time,region,sequence,timestamp'.split(','),
        );
        expect(reading).toMatchObject({ region: 'eu', hostname: 'edge-eu-1', color: '#112233' });
      }
    });

    once('the store can be asked: query, export and plot', async () => {
      const counted = await sandbox.json<{ rows: { region: string; n: number }[] }>([
        'query',
        'select region, count(*) as n from readings group by region order by region',
      ]);
      expect(counted.rows.map(({ region }) => region)).toEqual(['as', 'eu', 'us']);
      const exported = await sandbox.run(['export', '--since', '1h', '--region', 'eu', '--format', 'ndjson']);
      const readings = exported.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(readings.length).toBeGreaterThanOrEqual(counted.rows[1]!.n);
      expect(new Set(readings.map(({ region }) => region))).toEqual(new Set(['eu']));
      const sequences = readings.map(({ sequence }) => sequence).sort((a, b) => a - b);
      expect(sequences).toEqual(sequences.map((_, i) => i + 1));
      const plot = await sandbox.run(['plot', 'readings.rate', '--size', '60x12']);
      expect([plot.code, plot.stderr]).toEqual([0, '']);
      expect(plot.stdout).toMatch(/^readings\.rate[\s\S]*\* us {2}max .*\n\+ eu {2}max .*\nx as {2}max /);
    });

    system('logs shows what every process logged, in the order of time', () => showsEveryLog(sandbox, network));

    // Those of containers come from Docker, all others from files.
    if (network !== 'native') {
      system('logs follows, and Ctrl-C ends it with 130', () =>
        followsLogs(sandbox, network, () => kill(sandbox, 'proxy')),
      );
    }

    once('the log of a service that has none is refused, with those that have one', () =>
      refusesUnknownLog(sandbox, network),
    );

    once("the seed's curl example arrives", async () => {
      const response = await fetch(`${sandbox.state().endpoints.proxy}/send`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"timestamp":"2025-03-26T12:00:00Z","data":{"test":"Hello from curl!"}}',
      });
      expect([response.status, await response.json()]).toEqual([200, { status: 'accepted', accepted: 1 }]);
      for await (const event of sandbox.fleet().events({ since: Date.now() - 60_000, kinds: ['message'] })) {
        expect(event).toMatchObject({ event: 'message', message: { data: { test: 'Hello from curl!' } } });
        break;
      }
    });

    system(
      'a second deploy replaces the sensors: the new colour everywhere, and nothing of the old one after it',
      async () => {
        const result = await sandbox.json<{ submissionTime: number; regions: { seen: number }[] }>([
          'deploy',
          'publisher',
          '--color',
          '#00ff88',
          '--interval',
          interval,
        ]);
        expect(result.regions.map(({ seen }) => seen)).toEqual([1, 1, 1]);
        const { sensors } = await sandbox.fleet().snapshot();
        const newest = sensors.filter((sensor) => sensor.state === 'live');
        expect(newest.map(({ region, color }) => [region, color])).toEqual([
          ['as', '#00ff88'],
          ['eu', '#00ff88'],
          ['us', '#00ff88'],
        ]);
        let seen = 0;
        for await (const event of sandbox.fleet().events({ kinds: ['reading'] })) {
          if (event.event !== 'reading') continue;
          expect(event.reading.job_submission_time).toBe(result.submissionTime);
          if (++seen === 6) break;
        }
      },
    );

    // Real nodes know the proxy only; containers are started again by Docker, or by `up`.
    for (const child of network === 'native' ? (['proxy'] as const) : (['proxy', 'puller', 'queue'] as const)) {
      system(`kill -9 of the ${child}: it is started again and no reading is lost`, async () => {
        const before = (await sandbox.fleet().summary()).total.received;
        await kill(sandbox, child);
        await eventually('readings again', async () => (await sandbox.fleet().summary()).total.received > before + 3);
        await nothingMissing(sandbox.fleet());
      });
    }

    // `native-handover`, `compose-seed` and, where there are relays, the test below show it of the others.
    once('a region that is cut off runs on, keeps its readings, and delivers them when it is back', async () => {
      const cut = async () =>
        (await sandbox.fleet().summary()).regions.filter((r) => r.cut).map(({ region }) => region);
      expect(await sandbox.json(['region', 'disconnect', 'eu'])).toMatchObject({ reached: 1, nodes: 1 });
      expect(await cut()).toEqual(['eu']);
      const cutAt = await lastSequence(sandbox, 'eu');
      const others = await lastSequence(sandbox, 'us');
      await eventually('us going on', async () => (await lastSequence(sandbox, 'us')) > others + 6);
      expect(await lastSequence(sandbox, 'eu')).toBe(cutAt);
      expect(await sandbox.json(['region', 'reconnect', 'eu'])).toMatchObject({ reached: 1, nodes: 1 });
      expect(await cut()).toEqual([]);
      await eventually('eu catching up', async () => (await lastSequence(sandbox, 'eu')) > cutAt + 6);
      expect((await nothingMissing(sandbox.fleet())).summary.total.gaps).toBe(0);
    });

    if (killRelay !== undefined) {
      system(
        OUTLASTS_CUT,
        async () => {
          await sandbox.json(['deploy', 'publisher', '--interval', String(INTERVAL_S)]);
          await outlastsCut(sandbox, killRelay, MAX_UNACCOUNTED);
        },
        300_000,
      );
    }

    if (risk !== undefined) {
      system(`${risk.name}: what sensors kept is stored or counted`, async () => {
        const victim = {
          sandbox,
          machine: new Processes(sandbox),
          hostOf: hostOf(network),
          relays: killRelay !== undefined,
        };
        await expectAccounted({ ...victim, interval: Number(interval) }, risk);
      });
    }

    once('stop --region ends that region alone', async () => {
      expect((await sandbox.json<{ stopped: string[] }>(['stop', 'publisher', '--region', 'us'])).stopped).toEqual([
        'us',
      ]);
      const received = async (wanted: string) =>
        (await sandbox.fleet().summary()).regions.find(({ region }) => region === wanted)!.received;
      const [us, eu] = [await received('us'), await received('eu')];
      await eventually('eu going on', async () => (await received('eu')) > eu + 2);
      expect(await received('us')).toBe(us);
    });

    once('a deployment whose sensors reach nobody is no success', async () => {
      const args = ['deploy', 'publisher', '--region', 'us', '--proxy', 'http://127.0.0.1:9', '--timeout', '3'];
      const { code, stdout } = await sandbox.run([...args, '-o', 'json']);
      expect([code, JSON.parse(stdout)]).toMatchObject([
        1,
        {
          error: {
            code: 'DEPLOY_TIMEOUT',
            details: expect.arrayContaining(['us: 0 of 1 sensors reporting']),
            hint: 'Nothing answers at http://127.0.0.1:9, where these sensors send to (asked from here).',
          },
        },
      ]);
    });

    // Networks run modules, not languages: each language is compiled once.
    const languages = network === 'embedded' ? LANGUAGES : (['assemblyscript'] as const);
    for (const language of runsModules ? languages : []) {
      const name = `a sensor of one's own in ${language}: init, one line changed, deploy, and its values arrive`;
      test(name, { timeout: 180_000 }, async (context) => {
        const missing = skip ?? compilerMissing(language);
        if (missing !== undefined) context.skip(missing);
        const { region } = OWN_SENSORS[language];
        const module = await ownSensorPath(language);
        const args = ['deploy', 'publisher', '--region', region, '--module', module, '--interval', interval];
        const { submissionTime } = await sandbox.json<{ submissionTime: number }>(args);
        for await (const event of sandbox.fleet().events({ kinds: ['reading'], region })) {
          if (event.event !== 'reading' || event.reading.job_submission_time !== submissionTime) continue;
          expect(event.reading).toMatchObject({ region, hostname: `edge-${region}-1`, values: { level: 42.5 } });
          break;
        }
      });
    }

    if (runsModules) {
      system("sensors of one's own follow the fleet configuration, and none of their readings is missing", async () => {
        await sandbox.json(['config', 'set', 'color=#abcdef', 'interval=0.3']);
        const { sensors, summary } = await nothingMissing(sandbox.fleet());
        const live = sensors.filter(({ state }) => state === 'live');
        expect(live.map(({ color }) => color)).toEqual(live.map(() => '#abcdef'));
        expect(summary.total.gaps).toBe(0);
      });

      system('a setting that a sensor has declared changes live; a value out of its range is refused', async () => {
        const { region } = OWN_SENSORS.assemblyscript;
        const refused = await sandbox.run(['config', 'set', '--region', region, 'offset=50', '-o', 'json']);
        expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([
          2,
          {
            error: {
              code: 'BAD_VALUE',
              message: expect.stringContaining('offset: 50 must be a number from -10 to 10'),
            },
          },
        ]);
        expect(await sandbox.json(['config', 'set', '--region', region, 'offset=2'])).toMatchObject({ converged: 1 });
        for await (const event of sandbox.fleet().events({ kinds: ['reading'], region })) {
          if (event.event === 'reading' && event.reading.values?.level === 44.5) break;
        }
      });
    }

    /** Resolves when a sensor of this colour sends from the region. */
    const seen = (color: string, region: string) =>
      eventually(`readings of ${color} from ${region}`, async () => {
        const { sensors } = await sandbox.fleet().snapshot();
        return sensors.some((one) => one.state === 'live' && one.color === color && one.region === region);
      });

    const foreign = ['go', 'c'] as const;
    if (runsModules) {
      test('modules in go and c that know nothing of this program run beside the sensors', async (context) => {
        const missing = [skip, ...foreign.map(compilerMissing)].find((reason) => reason !== undefined);
        if (missing !== undefined) context.skip(missing);
        const { sensors } = await sandbox.fleet().snapshot();
        const before = sensors.filter(({ state }) => state === 'live').map(({ execution_id }) => execution_id);
        await Promise.all(foreign.map((language) => sandbox.json(['deploy', 'module', ...FOREIGN_ARGS[language]()])));
        for (const language of foreign) await seen(FOREIGN_COLORS[language], FOREIGN_REGIONS[language]);
        const live = (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state === 'live');
        expect(live.map(({ execution_id }) => execution_id)).toEqual(expect.arrayContaining(before));
        // They take no configuration, so no change waits for them.
        const change = await sandbox.json<{ sensors: number; converged: number }>(['config', 'set', 'color=#abcd01']);
        expect(change).toMatchObject({ sensors: before.length, converged: before.length });
        await sandbox.json(['config', 'set', 'color=#abcd02', '--rollout', 'us,as']);
        await Promise.all(foreign.map((language) => sandbox.json(['stop', 'module', `plain-${language}`])));
        const { jobs } = await sandbox.json<{ jobs: { ref: { role: string }; state: string }[] }>(['status']);
        expect(jobs.filter(({ ref, state }) => ref.role === 'module' && state !== 'stopped')).toEqual([]);
      });

      system(
        'a program that exits with 3 is no success, one that exits with 0 has completed, and neither is a sensor',
        async () => {
          const program = (code: number) => {
            const path = join(sandbox.dir, `exit-${code}.wasm`);
            const exit = [0x41, code, 0x10, 0];
            writeFileSync(path, tinyModule({ imports: ['wasi_snapshot_preview1 proc_exit'], code: exit }));
            return path;
          };
          const refused = async (args: string[]) => {
            const { code, stdout } = await sandbox.run([...args, '-o', 'json']);
            return { code, ...JSON.parse(stdout).error };
          };
          const [failed, completed] = await Promise.all([
            refused(['deploy', 'module', program(3)]),
            sandbox.json(['deploy', 'module', program(0)]),
          ]);
          expect(failed).toMatchObject({
            ...{ code: 'MODULE_FAILED', details: expect.arrayContaining([expect.stringMatching(/: exit code 3$/)]) },
          });
          expect(completed).toMatchObject({ running: 0, completed: 3 });
          await Promise.all(['exit-3', 'exit-0'].map((name) => sandbox.json(['stop', 'module', name])));
          const submissions = async () => {
            const { sensors } = await sandbox.fleet().snapshot();
            return sensors.filter(({ state }) => state === 'live').map((sensor) => sensor.job_submission_time);
          };
          const before = await submissions();
          expect(await refused(['deploy', 'publisher', '--module', program(0)])).toMatchObject({
            code: 'MODULE_REFUSED',
          });
          expect(await submissions()).toEqual(before);
        },
      );
    }

    test("the original's publisher runs as it is", async (context) => {
      if (skip !== undefined) return context.skip(skip);
      if (ORIGINAL_PUBLISHER === undefined) return context.skip('WASM_SENSORS_ORIGINAL_PUBLISHER names no file');
      const params = ['--proxy={proxy}', '--region={region}', '--interval=1', '--submission-time=1', '--color=#0fed01'];
      const args = [...params.map((param) => `--param=${param}`), '--env', 'HOSTNAME=tinygo-{region}'];
      await sandbox.json(['deploy', 'module', ORIGINAL_PUBLISHER, '--name', 'original', '--region', 'us', ...args]);
      await seen('#0fed01', 'us');
      await sandbox.json(['stop', 'module', 'original']);
    });

    system('stop ends the readings', async () => {
      const { stopped } = await sandbox.json<{ stopped: string[] }>(['stop', 'publisher']);
      expect(stopped.sort()).toEqual(['as', 'eu', 'us']);
      const { received: before, live, silent } = (await sandbox.fleet().summary()).total;
      expect([live, silent]).toEqual([0, 0]);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect((await sandbox.fleet().summary()).total.received).toBe(before);
    });

    system('down leaves nothing behind, and a second down is fine', async () => {
      processes.push(...sandbox.state().children);
      expect((await sandbox.run(['down'])).code).toBe(0);
      // `down` has heard that it ended from itself.
      await eventually('the end of all', () => !processes.some(isAlive), 5000);
      expect(await leftOver()).toEqual([]);
      expect(await sandbox.run(['down'])).toMatchObject({ code: 0, stdout: 'nothing is running here\n' });
    });

    system('the logs of the last run can be read after it', () => keepsLogs(sandbox, network));
  });
}

async function lastSequence(sandbox: Sandbox, region: string): Promise<number> {
  const { sensors } = await sandbox.fleet().snapshot();
  return Math.max(
    0,
    ...sensors.filter((s) => s.region === region && s.state !== 'replaced').map(({ sequence }) => sequence),
  );
}
