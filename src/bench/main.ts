/** `npm run bench -- <name> [--option value …]`: measures one thing and prints it; nothing passes or fails here. */
import { parseArgs } from 'node:util';

const benches: Record<string, (options: Record<string, string | undefined>) => Promise<void>> = {
  async fleet({ sensors = '10000', interval = '2', seconds = '60' }) {
    const { run } = await import('./fleet.js');
    await run({ sensors: Number(sensors), interval: Number(interval), seconds: Number(seconds) });
  },
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { sensors: { type: 'string' }, interval: { type: 'string' }, seconds: { type: 'string' } },
});
const [name = ''] = positionals;
const bench = benches[name];
if (bench) await bench(values);
else {
  console.error(`npm run bench -- <name>, where the name is one of: ${Object.keys(benches).join(', ')}`);
  process.exitCode = 2;
}
