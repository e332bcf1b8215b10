import { portInUse, probePort } from '../../lib/net/choose-port.js';
import type { HostedWish } from '../../lib/net/choose-service-ports.js';
import { findPortHolder } from '../../lib/net/find-port-holder.js';
import { servicePorts } from '../../runtime/services.js';
import { type Check, type Finding, findingOf, ok, skipped } from '../check.js';
import type { CheckContext } from '../check-context.js';

export const ports: Check = {
  name: 'ports',
  async run(context) {
    if (context.up) return skipped('`up` runs and has its ports');
    const wishes = wishesOf(context).filter(({ port }) => port !== 0);
    const found = await Promise.all(wishes.map(look));
    const problems = found.flatMap((finding) => finding ?? []);
    return problems.length > 0 ? problems : ok(`${wishes.map(({ port }) => port).join(', ')} are free`);
  },
};

function wishesOf({ settings, needs }: CheckContext): HostedWish[] {
  const own = needs?.ports ?? [];
  return needs?.servicesInside ? own : [...Object.values(servicePorts(settings)), ...own];
}

/** A busy default port is replaced by another one. */
async function look(wish: HostedWish): Promise<Finding | undefined> {
  const { port, host = '127.0.0.1', explicit, purpose, flag } = wish;
  try {
    if ((await probePort(port, host)) !== undefined) return undefined;
  } catch (error) {
    return { ...findingOf(error), fix: `Use ${flag}, or another --host.` };
  }
  const holder = findPortHolder(port);
  const by = holder === undefined ? '' : ` by ${holder.name} (pid ${holder.pid})`;
  const stop = holder === undefined ? `stop who holds it (\`lsof -i :${port}\`)` : `stop it (\`kill ${holder.pid}\`)`;
  const fix = `Use another one with ${flag}, or ${stop}.`;
  const { why, ...error } = findingOf(portInUse(port, host, purpose, flag));
  return explicit
    ? { ...error, why: why + by, fix }
    : { ...error, status: 'warning', why: `${why}${by}; \`up\` takes another one`, fix };
}
