/** The clients of all regions, which send until they are stopped: some to the proxy, some to the relay of their site. */
import { z } from 'zod';
import { readRunState } from '../../runtime/run-state.js';
import type { Sandbox } from '../support/cli-harness.js';
import type { History } from './checker.js';
import { JOB, sendReadings } from './clients.js';
import { REGIONS } from './faults/fault.js';
import type { Link } from './link.js';
import { Random } from './random.js';

const connectionSchema = z.object({ relayUrls: z.record(z.string(), z.string()).default({}) });

/** Where the clients of a region send to: to its relay, too, whose address changes with each `up`, and to the second proxy. */
function proxiesOf(sandbox: Sandbox, link: Link, second: string | undefined): (region: string) => (() => string)[] {
  return (region) => {
    let known = link.url;
    const relay = () => {
      const connection = connectionSchema.safeParse(readRunState(sandbox.stateDir)?.connection).data;
      // While `up` starts it is not known.
      known = connection?.relayUrls[region] ?? known;
      return known;
    };
    return [() => link.url, relay, ...(second === undefined ? [] : [() => second])];
  };
}

/** Some executions in each region, each with random numbers of its own: their order of events changes nothing. */
export function startLoad(
  sandbox: Sandbox,
  link: Link,
  { history, seed, settleMs, second }: { history: History; seed: number; settleMs: number; second: string | undefined },
): { stop(): Promise<unknown> } {
  const proxies = proxiesOf(sandbox, link, second);
  const stopped = new AbortController();
  const giveUp = new AbortController();
  const clients = REGIONS.flatMap((region, r) =>
    proxies(region).map((proxy, i) => {
      const sensor = { execution_id: `${JOB}-${region}-${i + 1}`, region };
      const random = new Random(seed + 1 + 3 * r + i);
      return sendReadings(proxy, sensor, { history, random, stopped: stopped.signal, giveUp: giveUp.signal });
    }),
  );
  const stop = () => {
    stopped.abort();
    setTimeout(() => giveUp.abort(), settleMs).unref();
    return Promise.all(clients);
  };
  return { stop };
}
