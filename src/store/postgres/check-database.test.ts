import { expect, test } from 'vitest';
import { inspect } from './check-database.js';
import type { Run } from './database.js';

const FACTS = {
  ...{ version: '13.0', number: 130_000, path: 'wasm_sensors, pg_temp', user: 'u', database: 'd' },
  ...{ mayCreate: true, mayMakeRoles: true, isStandby: false, schemaOwner: null, ownsSchema: false },
};
/** A server that is not here: what it says of itself. */
const answering =
  (facts: object): Run =>
  async <Row extends object>() => [{ ...FACTS, ...facts } as Row];

test('a server of the least version is taken, one before it is refused with both versions', async () => {
  expect(await inspect(answering({}), 'postgres://h/d', 1)).toEqual({ version: '13.0', problems: [] });
  await expect(inspect(answering({ version: '12.22', number: 120_022 }), 'postgres://h/d', 1)).rejects.toMatchObject({
    code: 'STORE_TOO_OLD',
    message: 'PostgreSQL 12.22 is too old: 13 is needed',
  });
});

test('an operator of a standby, and of one whose rights are missing, is told the statement that mends it', async () => {
  const { problems } = await inspect(answering({ isStandby: true, mayCreate: false }), 'postgres://h/d', 1);
  expect(problems.map(({ isFatal, sql }) => [isFatal, sql])).toEqual([
    [true, 'select pg_promote();'],
    [true, 'grant create on database "d" to "u";'],
  ]);
});

// Doctor found nothing, and every puller and proxy was refused.
test('another number of shards than the store has is refused with both', async () => {
  const run = answering({ schemaOwner: 'u', ownsSchema: true, count: 4 });
  await expect(inspect(run, 'postgres://h/d', 2)).rejects.toMatchObject({
    ...{ code: 'STORE_SHARDS', message: 'the store is divided into 4 shards, not 2' },
    hint: expect.stringContaining('--shards 4'),
  });
});
