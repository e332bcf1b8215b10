/**
 * `npm run bench -- <name> [--option value …]`: measures one thing and prints it. It fails only when readings are lost,
 * never because it is slow.
 */
import { parseArgs } from 'node:util';

type Options = Record<
  | 'sensors'
  | 'interval'
  | 'seconds'
  | 'hours'
  | 'network'
  | 'nodes'
  | 'against'
  | 'store'
  | 'shards'
  | 'pullers'
  | 'proxies',
  string | undefined
> & {
  'no-pack': boolean;
  most: boolean;
  seeded: boolean;
};

const benches: Record<string, (options: Partial<Options>) => Promise<void>> = {
  async fleet({ sensors = '10000', interval = '2', seconds = '60' }) {
    const { run } = await import('./fleet.bench.js');
    await run({ sensors: Number(sensors), interval: Number(interval), seconds: Number(seconds) });
  },
  async scale({ sensors = '10000', interval = '2', seconds = '60', store, shards = '1', pullers = '1', ...more }) {
    const { run } = await import('./fleet.bench.js');
    const pack = !more['no-pack'];
    // That of `up` packs always.
    const proxies = Number(more.proxies ?? (pack ? 0 : 1));
    const of = { sensors: Number(sensors), interval: Number(interval), seconds: Number(seconds), proxies, pack };
    await run(of);
    if (store !== undefined) await run({ ...of, store, shards: Number(shards), pullers: Number(pullers) });
  },
  async million({ sensors = '50000', seconds = '30', store, shards = '16', pullers = '4', seeded = false }) {
    if (store === undefined) throw new Error('a PostgreSQL database is needed: --store postgres://…');
    const { run } = await import('./million.bench.js');
    const [count, of] = [Number(sensors), { shards: Number(shards), pullers: Number(pullers), seeded }];
    await run({ sensors: count, seconds: Number(seconds), store, ...of });
  },
  async config({ sensors = '10000', network = 'embedded' }) {
    const { run } = await import('./config.bench.js');
    await run({ sensors: Number(sensors), network });
  },
  async history({ sensors = '10000', interval = '2', seconds = '60', hours = '24', store }) {
    const { run } = await import('./history.bench.js');
    await run({
      sensors: Number(sensors),
      interval: Number(interval),
      seconds: Number(seconds),
      hours: Number(hours),
      store,
    });
  },
  async queue() {
    const { run } = await import('./queue.bench.js');
    await run();
  },
  async proxy({ seconds = '5', against }) {
    const { run } = await import('./proxy.bench.js');
    await run({ seconds: Number(seconds), against });
  },
  async native({ nodes = '33', interval = '1', seconds = '60', most }) {
    const { run, runMost } = await import('./native.bench.js');
    if (most) await runMost(Number(interval));
    else await run({ nodes: Number(nodes), interval: Number(interval), seconds: Number(seconds) });
  },
  async page({ sensors, interval = '1', seconds = '20' }) {
    const { run } = await import('./page.bench.js');
    await run({
      sensors: sensors === undefined ? undefined : Number(sensors),
      interval: Number(interval),
      seconds: Number(seconds),
    });
  },
  async compose({ nodes = '10' }) {
    const { run } = await import('./compose.bench.js');
    await run({ nodes: Number(nodes) });
  },
};

const option = { type: 'string' } as const;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    sensors: option,
    interval: option,
    seconds: option,
    hours: option,
    network: option,
    nodes: option,
    against: option,
    store: option,
    shards: option,
    pullers: option,
    proxies: option,
    'no-pack': { type: 'boolean' },
    most: { type: 'boolean' },
    seeded: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});
const [name = ''] = positionals;
const bench = benches[name];
const usage = `npm run bench -- <name>, where the name is one of: ${Object.keys(benches).join(', ')}`;
if (values.help) console.log(usage);
else if (bench) await bench(values);
else {
  console.error(usage);
  process.exitCode = 2;
}
