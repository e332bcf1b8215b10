/** Whether this clock agrees with others: Amazon refuses requests, and the proxy deployments, of one that is far off. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { engineTime } from '../../docker/docker-cli.js';
import { serverClockOffset } from '../../lib/net/http-client.js';
import { queueOptions } from '../../queue/open-queue.js';
import { endpointOf } from '../../queue/sqs-client.js';
import { type Finding, ok, type Part, problem, skipped } from '../check.js';
import type { CheckContext } from '../check-context.js';

/** Amazon refuses requests, and the proxy deployments, whose time is further away. */
const REFUSED_MS = 300_000;
const NOTICED_MS = 30_000;

/** A clock to compare with; `aheadMs`: of this machine. */
export interface OtherClock {
  name: string;
  aheadMs: number;
}

export const clock: Part = async (context) => {
  const all = await Promise.all([queueClock(context), clusterClock(context), engineClock(context)]);
  const others = all.flatMap((one) => one ?? []);
  return judgeClock(others, newestFile(context.stateDir) - Date.now());
};

/** `futureMs`: how far the newest file of the state folder is ahead of this clock. */
export function judgeClock(others: OtherClock[], futureMs: number): Finding[] {
  const wrong = others.filter(({ aheadMs }) => Math.abs(aheadMs) > NOTICED_MS);
  if (wrong.length > 0) return wrong.map(differenceFinding);
  if (futureMs > NOTICED_MS) {
    const why = `files of the state folder are ${spanText(futureMs)} younger than now: the clock was set back`;
    return [problem('warning', why, SET_CLOCK)];
  }
  const names = others.map(({ name }) => name).join(', ');
  return others.length > 0
    ? ok(`its clock agrees with that of ${names}`)
    : skipped('there is no other clock to compare with');
}

const SET_CLOCK =
  process.platform === 'darwin'
    ? 'Set it with `sudo sntp -sS time.apple.com`.'
    : 'Set it with `sudo timedatectl set-ntp true`.';

function differenceFinding({ name, aheadMs }: OtherClock): Finding {
  const refused = Math.abs(aheadMs) > REFUSED_MS;
  const why = `this clock is ${spanText(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} that of ${name}`;
  const status = refused ? 'failure' : 'warning';
  return problem(status, refused ? `${why}: requests and deployments are refused` : why, SET_CLOCK);
}

const spanText = (ms: number) => (ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} minutes`);

async function queueClock({ settings }: CheckContext): Promise<OtherClock | undefined> {
  const { queue, awsRegion } = settings.values;
  if (queue === undefined) return undefined;
  const options = queueOptions(settings.values);
  const amazon = /^https?:/.test(queue) ? new URL(queue).origin : awsRegion && `https://sqs.${awsRegion}.amazonaws.com`;
  const url = endpointOf(options) ?? amazon;
  const aheadMs = url ? await serverClockOffset(url) : undefined;
  return aheadMs === undefined ? undefined : { name: 'the queue', aheadMs };
}

async function clusterClock({ needs }: CheckContext): Promise<OtherClock | undefined> {
  const url = needs?.bacalhau?.clusterUrl;
  const aheadMs = url === undefined ? undefined : await serverClockOffset(url);
  return aheadMs === undefined ? undefined : { name: "the cluster's API", aheadMs };
}

async function engineClock({ needs }: CheckContext): Promise<OtherClock | undefined> {
  if (!needs?.docker) return undefined;
  const asked = Date.now();
  const time = await engineTime().catch(() => undefined);
  // The answer was made at some moment in between.
  return time === undefined ? undefined : { name: 'Docker', aheadMs: (asked + Date.now()) / 2 - time };
}

/** Modification time of the newest file, Unix milliseconds; 0 without one. */
function newestFile(folder: string): number {
  try {
    return Math.max(0, ...readdirSync(folder).map((name) => statSync(join(folder, name)).mtimeMs));
  } catch {
    return 0;
  }
}
