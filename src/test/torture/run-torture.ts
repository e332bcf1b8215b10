/** `npm run torture -- [--seed n] [--seconds 60] [--network embedded]`: exit code 1 when something is missing or wrong. */
import { parseArgs } from 'node:util';
import { stopRequested } from '../../lib/process/shutdown.js';
import { rangesOf } from './checker.js';
import { NETWORKS, torture } from './torture.js';

const option = { type: 'string' } as const;
const { values } = parseArgs({ options: { seed: option, seconds: option, network: option } });
const { seed = String(Date.now() % 1_000_000), seconds = '60', network = 'embedded' } = values;
const kind = NETWORKS.find((kind) => kind === network);
if (!kind) throw new Error(`--network ${NETWORKS.join(', ')}; not ${network}`);

console.log(`seed ${seed}: faults on the ${network} network for ${seconds} s`);
const began = performance.now();
const log = (text: string) => console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
const interrupted = stopRequested({ supervised: false }).then((reason): never => {
  throw reason;
});
const options = { seed: Number(seed), seconds: Number(seconds), network: kind, log, interrupted } as const;
const result = await torture(options).catch((error) => {
  console.error(error);
  process.exit(1);
});
for (const problem of result.problems) console.log(`problem: ${problem}`);
for (const text of result.wrong) console.log(`wrong in the store: ${text}`);
for (const range of rangesOf(result.missing)) console.log(`missing: ${range}`);
const { acknowledged, deadLetters, missing, wrong, problems } = result;
console.log(
  `seed ${seed}: ${acknowledged} acknowledged, ${missing.length} missing, ${wrong.length} wrong, ${deadLetters} dead letters, ${problems.length} problems`,
);
if (missing.length + wrong.length + problems.length > 0) {
  console.log(`its folder is kept: ${result.folder}`);
  process.exitCode = 1;
}
