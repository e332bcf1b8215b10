import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestSensor } from '../support/test-sensor.js';

let updater: TestSensor;
beforeEach(async () => {
  updater = await TestSensor.prepare();
});
afterEach(() => updater.close());

const env = { WASM_SENSORS_TOKEN: 'secret-of-operator' };

describe('over the network', () => {
  it('patches the scope with the operator token and logs the answer', async () => {
    updater.proxy.answer = () => ({ body: '{"version":7,"scope":{"region":"eu"},"config":{"color":"#fefefe"}}' });
    const args = ['--region', 'eu', '--color=#FEFEFE', '--interval', '0.2', '--random-off', '--unset', 'emoji,paused'];
    await updater.start({ module: 'config-updater', args, env });
    expect(updater.proxy.requests).toHaveLength(1);
    expect(updater.proxy.requests[0]).toMatchObject({
      method: 'PATCH',
      path: '/config',
      headers: { authorization: 'Bearer secret-of-operator', 'content-type': 'application/json' },
      body: {
        scope: { region: 'eu' },
        set: { color: '#fefefe', random_off: true, interval: 0.2 },
        unset: ['emoji', 'paused'],
      },
    });
    expect(updater.exit).toEqual({
      kind: 'exit',
      code: 0,
      lastLine: 'the proxy accepted the change: {"version":7,"scope":{"region":"eu"},"config":{"color":"#fefefe"}}',
    });
  });

  it.each([
    [['--hostname', 'edge-"1"', '--emoji', '-1'], { scope: { hostname: 'edge-"1"' }, set: { emoji: -1 }, unset: [] }],
    [['--color', 'random', '--paused', 'false'], { scope: {}, set: { color: 'random', paused: false }, unset: [] }],
    [['--interval=86400', '--emoji='], { scope: {}, set: { interval: 86400 }, unset: [] }],
    [['--unset', 'randomOff'], { scope: {}, set: {}, unset: ['random_off'] }],
  ])('%j asks for %j', async (args, body) => {
    await updater.start({ module: 'config-updater', args: args as string[], env });
    expect(updater.proxy.requests[0]!.body).toEqual(body);
  });

  it.each([
    [401, {}, /answered 401 \(there is no WASM_SENSORS_TOKEN: set it to the operator token\): \{"error"/],
    [403, env, /answered 403 \(WASM_SENSORS_TOKEN is not the operator token\): \{"error"/],
    [422, env, /answered 422: \{"error"/],
  ])('a rejection (%i, %j) is logged, and the exit code is 1', async (status, variables, words) => {
    updater.proxy.answer = () => ({ status, body: '{"error":{"code":"X","reason":"y"}}' });
    await updater.start({ module: 'config-updater', args: ['--color', '#010203'], env: variables as typeof env });
    expect(updater.exit).toMatchObject({ kind: 'exit', code: 1, lastLine: expect.stringMatching(words as RegExp) });
    expect(updater.proxy.requests).toHaveLength(1);
  });

  it('an unreachable proxy is tried again, for a while', async () => {
    updater.host.setLink('eu', false);
    await updater.start({ module: 'config-updater', args: ['--color', '#010203'], env });
    await updater.clock.pass(3000);
    updater.host.setLink('eu', true);
    await updater.clock.pass(3000);
    expect(updater.exit).toMatchObject({ kind: 'exit', code: 0 });
    updater.proxy.answer = () => ({ status: 503, body: '{}' });
    await updater.start({ module: 'config-updater', args: ['--color', '#010203'], env });
    await updater.clock.pass(20_000);
    expect(updater.exit).toMatchObject({ kind: 'exit', code: 1, lastLine: expect.stringMatching(/answered 503/) });
  });

  it.each([
    [[], /nothing to change/],
    [['--color', '#010203', '--file', '/x'], /either --proxy .* or --file/],
    [['--color', '#010203', '--region', 'eu', '--hostname', 'h'], /not both/],
    [['--unset', 'colr'], /--unset: unknown field/],
    [['--token', 'x'], /--token: unknown flag/],
  ])('%j is refused', async (args, words) => {
    await updater.start({ module: 'config-updater', args: args as string[] });
    expect(updater.exit).toMatchObject({ kind: 'exit', code: 1, lastLine: expect.stringMatching(words as RegExp) });
    expect(updater.proxy.requests).toEqual([]);
  });
});

describe('in a file', () => {
  let dir: string;
  let file: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'updater-file-'));
    file = join(dir, 'p.yaml');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const run = (writable: boolean, ...args: string[]) =>
    updater.start({
      module: 'config-updater',
      withoutProxy: true,
      args: ['--file', '/config/p.yaml', ...args],
      mounts: [{ target: '/config', source: dir, writable }],
    });

  it('changes values where they stand and keeps everything else', async () => {
    writeFileSync(file, "# mine\nrandomOff: true # calm\n  # x\ncolor: '#000001'   # dark\nemoji: 3");
    await run(true, '--color', '#fefefe', '--random-off=false', '--interval', '2.5', '--unset', 'emoji');
    expect(updater.exit).toEqual({ kind: 'exit', code: 0, lastLine: 'changed /config/p.yaml' });
    expect(readFileSync(file, 'utf8')).toBe(
      '# mine\nrandomOff: false # calm\n  # x\ncolor: "#fefefe"   # dark\ninterval: 2.500\n',
    );
  });

  it('creates a missing file, and fixes a colour without quotes', async () => {
    await run(true, '--color', '#fefefe', '--paused');
    expect(readFileSync(file, 'utf8')).toBe('color: "#fefefe"\npaused: true\n');
    writeFileSync(file, 'color: #010203\nemoji: 1\n');
    await run(true, '--color', '#fefefe');
    expect(readFileSync(file, 'utf8')).toBe('color:  "#fefefe"\nemoji: 1\n');
  });

  it('finds a field behind a byte order mark', async () => {
    writeFileSync(file, '\uFEFFcolor: "#000001"\nemoji: 3\n');
    await run(true, '--color', '#fefefe', '--interval', '2');
    expect(readFileSync(file, 'utf8')).toBe('\uFEFFcolor: "#fefefe"\nemoji: 3\ninterval: 2\n');
    writeFileSync(file, '\uFEFF');
    await run(true, '--color', '#fefefe');
    expect(readFileSync(file, 'utf8')).toBe('\uFEFFcolor: "#fefefe"\n');
  });

  it('changes nothing behind the end of the document, where sensors do not look', async () => {
    writeFileSync(file, '---\ncolor: "#000001"\n... # end\nemoji: 3\nnotes');
    await run(true, '--color', '#fefefe', '--emoji', '5');
    expect(readFileSync(file, 'utf8')).toBe('---\ncolor: "#fefefe"\nemoji: 5\n... # end\nemoji: 3\nnotes');
  });

  it.each([
    [
      'an existing file',
      true,
      /cannot write \/config\/p\.yaml: errno 8\. Bacalhau's inputs can be read but never written/,
    ],
    ['a new file', false, /cannot open for writing \/config\/p\.yaml: errno 44\. Bacalhau's inputs/],
  ])('says clearly that Bacalhau does not let modules write: %s', async (_, exists, words) => {
    if (exists) writeFileSync(file, 'color: "#000001"\n');
    await run(false, '--color', '#fefefe');
    expect(updater.exit).toMatchObject({ kind: 'exit', code: 1, lastLine: expect.stringMatching(words as RegExp) });
    if (exists) expect(readFileSync(file, 'utf8')).toBe('color: "#000001"\n');
  });

  it('is seen by a publisher that follows it', async () => {
    const args = ['--config', '/config/p.yaml', '--interval', '1'];
    await updater.start({ args, mounts: [{ target: '/config', source: dir }] });
    await run(true, '--color', '#0a0b0c');
    await updater.clock.pass(3000);
    expect(updater.proxy.readings.at(-1)!.color).toBe('#0a0b0c');
  });
});
