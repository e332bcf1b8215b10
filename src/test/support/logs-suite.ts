/** What `logs` shows of a network of any kind: `up`, its services, nodes and containers. */
import { expect } from 'vitest';
import { eventually, type Sandbox } from './cli-harness.js';

interface Line {
  time: string;
  service: string;
  level: string;
  event?: string;
  text: string;
  fields?: Record<string, unknown>;
}

type Kind = 'embedded' | 'native' | 'compose';

const NODES = ['edge-as-1', 'edge-eu-1', 'edge-us-1', 'orchestrator'];
const NAMES: Record<Kind, { proxy: string; puller: string; others: string[] }> = {
  embedded: { proxy: 'proxy', puller: 'puller', others: ['queue', 'sensors', 'up'] },
  native: { proxy: 'proxy', puller: 'puller', others: ['queue', 'up', ...NODES] },
  compose: { proxy: 'sqs-proxy', puller: 'sqs-puller', others: ['queue', 'up', ...NODES] },
};

/** Services whose lines must be there. */
function servicesOf(network: Kind): string[] {
  const { proxy, puller, others } = NAMES[network];
  return [proxy, puller, ...others];
}

const parse = (ndjson: string) =>
  ndjson
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

async function logs(sandbox: Sandbox): Promise<Line[]> {
  const { code, stdout, stderr } = await sandbox.run(['logs', '-o', 'ndjson']);
  if (code !== 0) throw new Error(stdout + stderr);
  return parse(stdout);
}

const isListening = ({ service, event }: Line, whose: string) => service === whose && event === 'listening';

export async function showsEveryLog(sandbox: Sandbox, network: Kind): Promise<void> {
  const lines = await logs(sandbox);
  expect([...new Set(lines.map(({ service }) => service))]).toEqual(expect.arrayContaining(servicesOf(network)));
  const times = lines.map(({ time }) => Date.parse(time));
  expect(times.every((time) => Date.now() - time < 300_000)).toBe(true);
  const [first, last] = [times[0]!, times.at(-1)!];
  expect(last).toBeGreaterThan(first);
  const listening = lines.filter((line) => isListening(line, NAMES[network].puller));
  expect(listening).toMatchObject([{ level: 'info', fields: { url: expect.stringMatching(/^http/) } }]);
  expect(lines.find(({ event }) => event === 'starting')).toMatchObject({ service: 'up', fields: { network } });
}

/** @param crash kills the proxy, which is then started again */
export async function followsLogs(sandbox: Sandbox, network: Kind, crash: () => Promise<void>): Promise<void> {
  const { proxy } = NAMES[network];
  const following = sandbox.spawn(['logs', proxy, 'up', '-f', '--tail', '1', '-o', 'ndjson']);
  await eventually('its first lines', () => following.stdout !== '');
  const before = following.stdout.split('\n').length;
  await crash();
  const added = () => parse(following.stdout).slice(before - 1);
  await eventually('the proxy listening again', () => added().some((line) => isListening(line, proxy)), 60_000);
  following.child.kill('SIGINT');
  expect(await following.ended).toEqual({ code: 130, signal: null });
  expect(following.stderr).toBe('');
}

export async function refusesUnknownLog(sandbox: Sandbox, network: Kind): Promise<void> {
  const { code, stderr } = await sandbox.run(['logs', 'pully']);
  expect(code).toBe(2);
  for (const service of servicesOf(network)) expect(stderr).toContain(service);
}

/** Of a run that has ended. */
export async function keepsLogs(sandbox: Sandbox, network: Kind): Promise<void> {
  const lines = await logs(sandbox);
  expect([...new Set(lines.map(({ service }) => service))]).toEqual(expect.arrayContaining(servicesOf(network)));
  expect(lines.filter(({ event }) => event === 'stopping').map(({ service }) => service)).toContain('up');
  // However many readings the puller of a container has printed since.
  expect(lines.some((line) => isListening(line, NAMES[network].puller))).toBe(true);
  const listening = lines.flatMap((line) => (isListening(line, NAMES[network].proxy) ? [line.time] : []));
  expect(listening.length).toBeGreaterThan(0);
  // Each line once, though containers' lines become files.
  expect(new Set(listening).size).toBe(listening.length);
}
