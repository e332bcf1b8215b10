/**
 * `npm run torture -- [--seed n] [--seconds 60 | --orders n] [--network embedded] [--store postgres [--shards 4]]`: exit code
 * 1 when something is missing or wrong.
 */
import { parseArgs } from 'node:util';
import { stopRequested } from '../../lib/process/shutdown.js';
import { rangesOf } from './checker.js';
import { NETWORKS, torture } from './torture.js';

const option = { type: 'string' } as const;
const { values } = parseArgs({
  options: { seed: option, seconds: option, orders: option, network: option, store: option, shards: option },
});
const {
  seed = String(Date.now() % 1_000_000),
  seconds = '60',
  orders,
  network = 'embedded',
  store = 'sqlite',
  shards = '1',
} = values;
const kind = NETWORKS.find((kind) => kind === network);
if (!kind) throw new Error(`--network ${NETWORKS.join(', ')}; not ${network}`);

const postgres = store === 'postgres' ? { shards: Number(shards) } : undefined;
const length = orders === undefined ? { seconds: Number(seconds) } : { orders: Number(orders) };
const what = orders === undefined ? `${seconds} s of faults` : `${orders} orders of kills`;
console.log(
  `seed ${seed}: ${what} on the ${network} network${postgres ? `, with ${shards} shards on PostgreSQL` : ''}`,
);
const began = performance.now();
const log = (text: string) => console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
const interrupted = stopRequested({ supervised: false }).then((reason): never => {
  throw reason;
});
const options = { seed: Number(seed), length, network: kind, postgres, log, interrupted };
const result = await torture(options).catch((error) => {
  console.error(error);
  process.exit(1);
});
for (const problem of result.problems) console.log(`problem: ${problem}`);
for (const text of result.wrong) console.log(`wrong in the store: ${text}`);
for (const range of rangesOf(result.missing)) console.log(`missing: ${range}`);
for (const file of result.deletedFiles) console.log(`deleted file: ${file}`);
const { acknowledged, stored, deadLetters, missing, wrong, problems, deletedFiles } = result;
const counts = Object.entries({
  acknowledged,
  stored,
  'dead letters': deadLetters,
  missing: missing.length,
  wrong: wrong.length,
  'deleted files open': deletedFiles.length,
  problems: problems.length,
});
console.log(`seed ${seed}, ${what}: ${counts.map(([name, count]) => `${count} ${name}`).join(', ')}`);
if (!result.good) {
  console.log(`its folder is kept: ${result.folder}`);
  process.exitCode = 1;
}
