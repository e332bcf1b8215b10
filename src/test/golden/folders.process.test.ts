/**
 * Whole folders as the built program makes them: what `render` writes, what `up` writes before it starts a Docker
 * network, and the state folder of an embedded one.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../lib/net/choose-port.js';
import type { ComposePlan } from '../../network/compose/compose-provider.js';
import { prepare } from '../../network/compose/prepare.js';
import { IMAGE_VERSION, normalize, type Placeholder, toJson } from './normalize.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BIN = join(ROOT, 'bin', 'wasm-sensors.js');
const recorded = (name: string) => `./recorded/${name}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golden-folders-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the program to its end, with the permissions that files have where nothing else is said. */
function run(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve) => {
    execFile(
      'sh',
      ['-c', 'umask 022; exec "$@"', 'sh', process.execPath, BIN, ...args],
      { cwd: folder, env: { PATH, HOME, ...env }, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resolve({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, stdout, stderr }),
    );
  });
}

/** Every file below, sorted. */
function filesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(path.length + 1))
    .sort();
}

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

/** The built modules stand in job files as base64; they change with every change of theirs. */
function modulePlaceholders(): Placeholder[] {
  return ['publisher', 'config-updater'].map((name) => [
    readFileSync(join(ROOT, 'dist', 'wasm', `${name}.wasm`)).toString('base64'),
    `<${name} module>`,
  ]);
}

describe('render', () => {
  const isImage = (name: string) => name.startsWith('image/');

  test('one node: every file', async () => {
    const { code, stdout, stderr } = await run(['render', '--dir', 'network', '-o', 'json']);
    expect([code, stderr]).toEqual([0, '']);
    const network = join(folder, 'network');
    const files = filesOf(network);
    const own = files.filter((name) => !isImage(name));
    // These are copies, whose modes are those of the checkout.
    const copied = ['.env.template'];
    const list = own.map((name) => `${name} ${copied.includes(name) ? '' : modeOf(join(network, name))}`.trim());
    const answer = normalize(toJson(JSON.parse(stdout)), [[network, '<folder>']]);
    await expect(`${list.join('\n')}\n\n${answer}`).toMatchFileSnapshot(recorded('render/files.txt'));
    for (const name of own) {
      const text = normalize(readFileSync(join(network, name), 'utf8'), [...modulePlaceholders(), IMAGE_VERSION]);
      const shown = text.replace(
        /^(WASM_SENSORS_SENSOR_KEY|POSTGRES_PASSWORD|SENSOR_TOKEN_EDGE_\w+)=\S+$/gm,
        '$1=<secret>',
      );
      await expect(shown).toMatchFileSnapshot(recorded(`render/${name.replace(/^\./, 'dot')}`));
    }
  });

  test('what the image is made of: this very program', async () => {
    await run(['render', '--dir', 'network']);
    const image = join(folder, 'network', 'image');
    const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
    expect(readdirSync(image).sort()).toEqual([
      ...['Dockerfile', 'bin', 'dist', 'npm-shrinkwrap.json', 'package.json', 'templates'],
    ]);
    for (const name of ['bin', 'dist', 'templates']) {
      const files = filesOf(join(ROOT, name));
      expect(filesOf(join(image, name))).toEqual(files);
      for (const file of files) expect(hashOf(join(image, name, file)), file).toBe(hashOf(join(ROOT, name, file)));
    }
    await expect(readFileSync(join(image, 'Dockerfile'), 'utf8')).toMatchFileSnapshot(
      recorded('render/image/Dockerfile'),
    );
  });

  test('three nodes, a second time: only the compose file differs, and what is in shared/ stays', async () => {
    await run(['render', '--dir', 'network']);
    const network = join(folder, 'network');
    const own = filesOf(network).filter((name) => !isImage(name));
    const texts = () => Object.fromEntries(own.map((name) => [name, readFileSync(join(network, name), 'utf8')]));
    writeFileSync(join(network, 'shared', 'sensor.yaml'), 'color: "#123456"\n');
    writeFileSync(join(network, 'shared', 'mine.yaml'), '');
    writeFileSync(join(network, 'nodes', 'edge.yaml'), '');
    const before = texts();
    const { code, stdout } = await run(['render', '--dir', 'network', '--nodes', '3']);
    const after = texts();
    expect(code).toBe(0);
    expect(own.filter((name) => before[name] !== after[name])).toEqual(['compose.yaml', 'nodes/edge.yaml']);
    expect(existsSync(join(network, 'shared', 'mine.yaml'))).toBe(true);
    await expect(normalize(stdout, [[network, '<folder>']])).toMatchFileSnapshot(
      recorded('render/three-nodes-output.txt'),
    );
  });
});

describe('what `up` prepares for a Docker network', () => {
  /** A `docker` that has every image, and notes what it is asked. */
  function standInForDocker(script: string): string {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'docker'), `#!/bin/sh\necho "$*" >> ${join(folder, 'calls')}\n${script}\n`);
    chmodSync(join(bin, 'docker'), 0o755);
    vi.stubEnv('PATH', bin);
    return join(folder, 'calls');
  }
  afterEach(() => vi.unstubAllEnvs());

  const plan = (notes: string[], over: Partial<ComposePlan['settings']>, nodesPerRegion: number, registry: boolean) =>
    ({
      project: { name: 'bacalhau-edge', folder: join(folder, 'state', 'compose') },
      context: {
        ...{ stateDir: '/home/me/.wasm-sensors', nodesPerRegion, token: 'operator-secret', sensorEnv: {} },
        registry,
        emit: (event: object) => void notes.push(JSON.stringify(event)),
      },
      args: { 'sqs-proxy': ['--rate-limit', '5'], 'sqs-puller': ['--alert-after', '9'], queue: [] },
      settings: {
        ...{ folder, ports: {}, allowedHosts: [] },
        ...over,
      },
      ...{ bacalhauVersion: 'v1.9.3', image: 'example/wasm-sensors:1.2.3', imageNamed: true, secrets: {} },
    }) as unknown as ComposePlan;

  test.each<
    [name: string, script: string, settings: Partial<ComposePlan['settings']>, nodes: number, registry: boolean]
  >([
    ['one-node', '', {}, 1, true],
    ['three-nodes', '', {}, 3, false],
    ['another-queue', '', { queue: 'https://sqs.eu-west-1.amazonaws.com/1/q' }, 1, true],
    [
      'without-privileges',
      'case "$*" in *--privileged*) echo "docker: Error response from daemon: privileged containers are not allowed here" >&2; exit 125;; info*) echo 2;; esac',
      {},
      1,
      true,
    ],
    ['without-docker-inside', 'case "$1" in run) echo "no" >&2; exit 1;; esac', {}, 1, true],
  ])('%s', async (name, script, settings, nodes, registry) => {
    const calls = standInForDocker(script);
    const notes: string[] = [];
    const withServices = await prepare(
      plan(notes, settings, nodes, registry),
      (step) => notes.push(step),
      AbortSignal.timeout(60_000),
    );
    const placeholders: Placeholder[] = [[folder, '<folder>'], IMAGE_VERSION];
    const compose = readFileSync(join(folder, 'state', 'compose', 'compose.yaml'), 'utf8');
    if (name === 'three-nodes') {
      await expect(normalize(compose, placeholders)).toMatchFileSnapshot(recorded('compose/up-three-nodes.yaml'));
    }
    // Images are looked for side by side.
    const asked = readFileSync(calls, 'utf8').trim().split('\n').sort();
    const files = filesOf(join(folder, 'state', 'compose'));
    const told = [
      `node for service jobs: ${withServices}`,
      ...notes,
      '',
      ...asked.map((call) => `docker ${call}`),
      '',
      ...files,
    ];
    await expect(normalize(`${told.join('\n')}\n`, placeholders)).toMatchFileSnapshot(
      recorded(`compose/up-${name}.txt`),
    );
    expect(compose).not.toContain('operator-secret');
  });
});

describe('the state folder of an embedded network', () => {
  test('while it runs, and after it has ended', { timeout: 90_000 }, async () => {
    const stateDir = join(folder, '.wasm-sensors');
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    const [port, pullerPort, queuePort] = ports.map(String) as [string, string, string];
    const flags = ['--port', port, '--puller-port', pullerPort, '--queue-port', queuePort];
    try {
      const { code, stderr } = await run(['up', '-d', '--deploy', ...flags], { SENSOR_TOKEN: 'sensor-secret' });
      expect(code, stderr).toBe(0);
      const runJson = readFileSync(join(stateDir, 'run.json'), 'utf8');
      const placeholders: Placeholder[] = [
        [folder, '<folder>'],
        [/(?<="pid": )\d+/, '<pid>'],
        [/(?<="started": )"[^"]+"/, '<start>'],
        [/(?<="began": )\d+/, '<ms>'],
        [/(?<="j-)[0-9a-f-]{36}/, '<id>'],
        [/(?<=--submission-time=)\d+/, '<ms>'],
        ...[port, pullerPort, queuePort].map((number, i): Placeholder => {
          return [new RegExp(`(?<!\\d)${number}(?!\\d)`), ['<proxy port>', '<puller port>', '<queue port>'][i]!];
        }),
        [/(?<=127\.0\.0\.1:)\d+/, '<port>'],
      ];
      await expect(normalize(runJson, placeholders)).toMatchFileSnapshot(recorded('state-folder/run.json'));
      const kept = JSON.parse(readFileSync(join(stateDir, 'embedded-jobs.json'), 'utf8')) as {
        spec: { name: string };
      }[];
      kept.sort((a, b) => a.spec.name.localeCompare(b.spec.name));
      const jobs = normalize(toJson(kept), placeholders);
      await expect(jobs).toMatchFileSnapshot(recorded('state-folder/embedded-jobs.json'));
      expect(runJson + jobs).not.toContain('sensor-secret');
      const running = listState(stateDir);
      expect((await run(['down'])).code).toBe(0);
      await expect(`${running}\n-- ended\n${listState(stateDir)}`).toMatchFileSnapshot(
        recorded('state-folder/files.txt'),
      );
    } finally {
      await run(['down']);
    }
  });

  /** Files and folders with their modes. */
  function listState(stateDir: string): string {
    const entries = readdirSync(stateDir, { recursive: true, withFileTypes: true }).filter(
      // It is written when there is time.
      ({ name }) => name !== 'queue.db.reserve',
    );
    const lines = entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return `${path.slice(stateDir.length + 1)}${entry.isDirectory() ? '/' : ''} ${modeOf(path)}`;
    });
    return [`./ ${modeOf(stateDir)}`, ...lines.sort(), ''].join('\n');
  }
});
