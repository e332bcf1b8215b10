/** `logs` over a real network of every kind that can run here: `up`, its services, nodes and containers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bacalhauMissing } from '../support/bacalhau-missing.js';
import { eventually, type Running, Sandbox } from '../support/cli-harness.js';
import { COMPOSE_ENV, composeMissing, crashContainer, PROJECT } from '../support/compose-support.js';

interface Line {
  time: string;
  service: string;
  level: string;
  event?: string;
  text: string;
  fields?: Record<string, unknown>;
}

const parse = (ndjson: string) =>
  ndjson
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

interface Kind {
  missing?: string | undefined;
  env?: Record<string, string>;
  /** Services whose lines must be there. */
  services: string[];
  proxy: string;
  puller: string;
  /** Kills the proxy, which is then restarted. */
  crash(sandbox: Sandbox): Promise<void>;
}

const crashChild = async (sandbox: Sandbox) => void process.kill(sandbox.pidOf('proxy'), 'SIGKILL');
const isListening = ({ service, event }: Line, whose: string) => service === whose && event === 'listening';

const KINDS: Record<string, Kind> = {
  embedded: {
    services: ['proxy', 'puller', 'queue', 'sensors', 'up'],
    proxy: 'proxy',
    puller: 'puller',
    crash: crashChild,
  },
  native: {
    missing: bacalhauMissing(),
    services: ['edge-as-1', 'edge-eu-1', 'edge-us-1', 'orchestrator', 'proxy', 'puller', 'queue', 'up'],
    ...{ proxy: 'proxy', puller: 'puller', crash: crashChild },
  },
  compose: {
    missing: composeMissing(),
    env: COMPOSE_ENV,
    services: ['edge-as-1', 'edge-eu-1', 'edge-us-1', 'orchestrator', 'queue', 'sqs-proxy', 'sqs-puller', 'up'],
    ...{ proxy: 'sqs-proxy', puller: 'sqs-puller', crash: () => crashContainer(`${PROJECT}-sqs-proxy-1`) },
  },
};

describe.each(Object.entries(KINDS))('%s', (network, { missing, env, services, proxy, puller, crash }) => {
  const reason = missing === undefined ? '' : ` (${missing})`;
  describe.skipIf(missing !== undefined)(`with what it needs${reason}`, () => {
    let sandbox: Sandbox;
    let up: Running;
    const logs = async (...args: string[]) => {
      const { code, stdout, stderr } = await sandbox.run(['logs', '-o', 'ndjson', ...args]);
      if (code !== 0) throw new Error(stdout + stderr);
      return parse(stdout);
    };

    beforeAll(async () => {
      sandbox = new Sandbox(env);
      up = sandbox.spawn(['up', '--network', network, ...(await Sandbox.portFlags(network))]);
      await eventually('a network that is ready', () => up.stderr.includes('no sensors yet'), 170_000);
    }, 180_000);
    afterAll(() => sandbox.close(['--volumes']), 120_000);

    it('shows what every process logged, in the order of time', async () => {
      const lines = await logs();
      expect([...new Set(lines.map(({ service }) => service))]).toEqual(expect.arrayContaining(services));
      const times = lines.map(({ time }) => Date.parse(time));
      expect(times.every((time) => Date.now() - time < 300_000)).toBe(true);
      const [first, last] = [times[0]!, times.at(-1)!];
      expect(last).toBeGreaterThan(first);
      const listening = lines.find((line) => isListening(line, puller));
      expect(listening).toMatchObject({ level: 'info', fields: { url: expect.stringMatching(/^http/) } });
      expect(lines.find(({ event }) => event === 'starting')).toMatchObject({ service: 'up', fields: { network } });
    });

    it('follows, and Ctrl-C ends it with 130', async () => {
      const following = sandbox.spawn(['logs', proxy, 'up', '-f', '--tail', '1', '-o', 'ndjson']);
      await eventually('its first lines', () => following.stdout !== '');
      const before = following.stdout.split('\n').length;
      await crash(sandbox);
      const added = () => parse(following.stdout).slice(before - 1);
      await eventually('the proxy listening again', () => added().some((line) => isListening(line, proxy)), 60_000);
      following.child.kill('SIGINT');
      expect(await following.ended).toEqual({ code: 130, signal: null });
      expect(following.stderr).toBe('');
    }, 90_000);

    it('a service that has no log is refused, with those that have one', async () => {
      const { code, stderr } = await sandbox.run(['logs', 'pully']);
      expect(code).toBe(2);
      for (const service of services) expect(stderr).toContain(service);
    });

    it('the logs of the last run can be read after it', async () => {
      up.child.kill('SIGINT');
      expect((await up.ended).code).toBe(130);
      const lines = await logs();
      expect([...new Set(lines.map(({ service }) => service))]).toEqual(expect.arrayContaining(services));
      expect(lines.filter(({ event }) => event === 'stopping').map(({ service }) => service)).toContain('up');
      expect(lines.filter((line) => isListening(line, puller))).toHaveLength(1);
    }, 60_000);
  });
});
