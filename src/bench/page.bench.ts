/**
 * `npm run bench -- page`: how much of a core the main thread of Chromium needs for the web page of a running fleet.
 * Options: `--sensors 120 --interval 0.96 --seconds 20`; without `--sensors`, a fleet in tiles and one in mosaics.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession } from 'playwright-core';
import { FleetClient } from '../puller/fleet-client.js';
import { readRunState } from '../runtime/run-state.js';
import { freePortFlags, runCli } from './bench-cli.js';
import { findChromium, launchChromium } from './chromium.js';
import { inOwnFolder } from './own-folder.js';
import { plainTable } from './plain-table.js';

export interface PageBenchOptions {
  /** Undefined: {@link FLEETS}. */
  sensors: number | undefined;
  /** Seconds. */
  interval: number;
  seconds: number;
}

/** 125 and 5,000 readings a second. */
const FLEETS = [
  { sensors: 120, interval: 0.96 },
  { sensors: 10_000, interval: 2 },
];
/** The start of the sensors and the first load of the page are not what is measured. */
const WARM_UP_MS = 10_000;
/** Chromium's names for what its main thread did, in seconds of CPU. */
const PARTS = {
  all: 'TaskDuration',
  scripts: 'ScriptDuration',
  style: 'RecalcStyleDuration',
  layout: 'LayoutDuration',
};

export async function run({ sensors, interval, seconds }: PageBenchOptions): Promise<void> {
  const browserPath = findChromium();
  if (browserPath === undefined) throw new Error('there is no Chromium on the PATH, and CHROMIUM_BIN is not set');
  const fleets = sensors === undefined ? FLEETS : [{ sensors, interval }];
  const title = ['sensors', 'readings/s', ...Object.keys(PARTS)];
  console.log(`page: CPU of Chromium's main thread, of one core, over ${seconds} s`);
  for (const fleet of fleets)
    console.log(
      plainTable(
        [title, await measure(browserPath, fleet, seconds)],
        title.map((_, i) => i),
      ),
    );
}

const measure = (browserPath: string, fleet: { sensors: number; interval: number }, seconds: number) =>
  inOwnFolder(async (dir) => {
    const perRegion = Math.ceil(fleet.sensors / 3);
    const flags = ['--nodes', `${perRegion}`, '--interval', `${fleet.interval}`, '--profile', 'cold-chain'];
    await runCli(dir, ['up', '-d', '--deploy', '--timeout', '600', ...flags, ...(await freePortFlags())]);
    const { puller } = readRunState(join(dir, '.wasm-sensors'))!.endpoints;
    const browser = await launchChromium(browserPath);
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      await page.goto(puller);
      // CPU of the thread: what else runs on this machine makes no difference.
      const cdp = await page.context().newCDPSession(page);
      await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
      await sleep(WARM_UP_MS);
      const client = new FleetClient(puller);
      const before = await usage(cdp);
      const first = await client.summary();
      await sleep(seconds * 1000);
      const after = await usage(cdp);
      const last = await client.summary();
      const elapsed = (last.time - first.time) / 1000;
      const rate = (last.total.received - first.total.received) / elapsed;
      const share = (name: string) => `${((100 * (after.get(name)! - before.get(name)!)) / elapsed).toFixed(1)} %`;
      return [`${perRegion * 3}`, rate.toFixed(0), ...Object.values(PARTS).map(share)];
    } finally {
      await browser.close();
    }
  });

async function usage(cdp: CDPSession): Promise<Map<string, number>> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  return new Map(metrics.map(({ name, value }) => [name, value]));
}
