/** `up` with its store on a real PostgreSQL server, which is killed and comes back. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeDatabase } from '../../lib/sqlite/driver.js';
import type { Reading } from '../../protocol/message.js';
import { SqliteStore } from '../../store/sqlite/sqlite-store.js';
import type { StoreEntry } from '../../store/store.js';
import { eventually, Sandbox } from '../support/cli-harness.js';
import { POSTGRES_BIN, PostgresServer, WHY_SKIPPED } from '../support/postgres-server.js';

interface Status {
  summary: { total: { live: number; received: number; gaps: number } };
}

describe.skipIf(POSTGRES_BIN === undefined)(`a store on PostgreSQL (${WHY_SKIPPED} where it is skipped)`, () => {
  const sandbox = new Sandbox();
  let server: PostgresServer;
  let env: Record<string, string>;

  beforeAll(async () => {
    server = await PostgresServer.start();
    env = { WASM_SENSORS_STORE: await server.database() };
    const up = ['up', '-d', '--deploy', '--interval', '0.5', ...(await Sandbox.portFlags('embedded'))];
    expect(await sandbox.run(up, { env })).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await sandbox.close();
    server.stop();
  });

  const query = async <Row>(sql: string) => (await sandbox.json<{ rows: Row[] }>(['query', sql])).rows;
  const counts = async () =>
    (
      await query<{ rows: number; readings: number }>(
        'select count(*) as rows, count(distinct (execution_id, sequence)) as readings from readings',
      )
    )[0]!;
  const status = () => sandbox.json<Status>(['status']);
  const ready = async () =>
    (await fetch(`${sandbox.state().endpoints.puller}/ready`)).json() as Promise<{ reason?: string }>;

  test('readings are there for query, export, history and plot', async () => {
    await eventually('readings', async () => (await counts()).rows > 9);
    expect((await sandbox.run(['export', '--since', '1h'])).stdout.split('\n').length).toBeGreaterThan(9);
    expect((await sandbox.run(['history', 'rate', '--since', '5m'])).code).toBe(0);
    expect((await sandbox.run(['plot', 'rate', '--since', '5m'])).code).toBe(0);
    expect((await sandbox.run(['query', '--schema'])).stdout).toContain('create table region_minutes');
    expect((await sandbox.run(['doctor'], { env })).stdout).toMatch(/store .* every right is there/);
  });

  test('a server that is killed loses nothing, and /ready says why nothing is stored', async () => {
    const before = await counts();
    server.down('immediate');
    await eventually('not ready', async () => /PostgreSQL at .*ECONNREFUSED/.test((await ready()).reason ?? ''));
    server.up();
    await eventually('ready', async () => (await ready()).reason === undefined);
    await eventually('more readings', async () => (await counts()).rows > before.rows + 9);
    await eventually('no gaps', async () => (await status()).summary.total.gaps === 0);
    const { rows, readings } = await counts();
    expect(rows).toBe(readings);
  });

  test('a puller that is killed has the same view again', async () => {
    const { summary: before } = await status();
    const { pid } = sandbox.state().children.find(({ name }) => name === 'puller')!;
    process.kill(pid, 'SIGKILL');
    await eventually('another puller', async () => {
      const { summary: after } = await status();
      return after.total.received > before.total.received && after.total.gaps === 0;
    });
  });

  test('the password is in no argument, no log and no file of the network', () => {
    const password = /se(?:%20| )cret/;
    for (const { pid } of sandbox.state().children)
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toMatch(password);
    const files = readdirSync(sandbox.stateDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    for (const { parentPath, name } of files)
      expect(readFileSync(join(parentPath, name), 'latin1'), name).not.toMatch(password);
  });

  test('what was stored is read without the network, too', async () => {
    expect((await sandbox.run(['down'])).code).toBe(0);
    const { stdout, stderr } = await sandbox.run(['query', '-o', 'csv', 'select count(*) as n from readings'], { env });
    expect([stdout, stderr]).toEqual([
      expect.stringMatching(/^n\r?\n\d+/),
      expect.stringContaining('no network is up'),
    ]);
    for (const command of ['history', 'plot']) {
      const shown = await sandbox.run([command, 'rate', '--since', '5m', '-o', 'json'], { env });
      expect(JSON.parse(shown.stdout).data.series.length, command).toBeGreaterThan(0);
    }
    const none = await sandbox.run(['history', 'nothing'], { env });
    expect(none.stderr).toContain('There are: readings.rate');
  });

  test('a copy of a store that is killed at any moment goes on, until all is there', async () => {
    const path = join(sandbox.dir, 'old.db');
    const file = new SqliteStore(path);
    const rows = 30_000;
    for (let n = 0; n < rows; n += 1_000) file.append(Array.from({ length: 1_000 }, (_, i) => entryOf(n + i)));
    closeDatabase(file.database);
    const to = { WASM_SENSORS_STORE: await server.database() };
    for (const at of ['sensor_minute_rows', 'messages', 'readings']) {
      const copy = sandbox.spawn(['store', 'copy', `sqlite:${path}`], to);
      await eventually(at, async () => copy.stderr.includes(`copying ${at}`));
      copy.child.kill('SIGKILL');
      await copy.ended;
    }
    const { code, stdout } = await sandbox.run(['store', 'copy', path, '-o', 'json'], { env: to });
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { data: { isWhole: true } }]);
    const count = await sandbox.run(['query', '-o', 'csv', 'select count(*) from readings'], { env: to });
    expect(count.stdout).toContain(String(0.99 * rows));
  });
});

function entryOf(n: number): StoreEntry {
  const receivedAt = Date.now() - 86_400_000 + n * 1_000;
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: `e${n % 5}`, hostname: `edge-${n % 5}`, icon_name: '🦊', color: '#ffffff' },
    ...{ region: 'eu', sequence: n, timestamp: new Date(receivedAt).toISOString(), job_submission_time: 1 },
    values: { temperature: n % 40 },
  };
  const message = n % 100 === 0;
  return {
    id: `m${n}`,
    body: '{"text":"hello"}',
    reading: message ? undefined : reading,
    config: undefined,
    receivedAt,
  };
}
