/** The network's settings, and the ports of its services. */
import { networkKinds } from '../../config/setting-schemas.js';
import { AppError } from '../../lib/errors/app-error.js';
import { type PortWish, portInUse, probePort } from '../../lib/net/choose-port.js';
import { servicePorts } from '../../runtime/services.js';
import { stateDirOfPort } from '../../runtime/up-children.js';
import { type Finding, findingOf, ok, type Part, problem, skipped } from '../check.js';

/** Whether the settings are complete and don't contradict each other, and no other network is in the way. */
export const networkSettings: Part = ({ provider: { kind }, needs, running, up }) => {
  if (needs instanceof AppError) return [findingOf(needs)];
  const found = ok(`${kind}: ${networkKinds.get(kind)?.summary}`);
  if (!running || up) return found;
  const why = `the ${running.kind} network runs in this folder, and \`up --network ${kind}\` is refused meanwhile`;
  return [...found, problem('warning', why, 'Stop it with `wasm-sensors down`, or use another folder.')];
};

export const ports: Part = async ({ up, settings, needs }) => {
  if (up) return skipped('`up` runs and has its ports');
  const { servicesInside, ports: own = [] } = needs instanceof AppError ? {} : needs;
  const services = servicesInside ? [] : Object.values(servicePorts(settings));
  const wishes = [...services, ...own].filter(({ port }) => port !== 0);
  const busy = (await Promise.all(wishes.map(findBusy))).flat();
  return busy.length > 0 ? busy : ok(`ports ${wishes.map(({ port }) => port).join(', ')} free`);
};

/** Nothing for a free port. */
async function findBusy({ port, host = '127.0.0.1', explicit, purpose, flag }: PortWish): Promise<Finding[]> {
  try {
    if ((await probePort(port, host)) !== undefined) return [];
  } catch (error) {
    return [{ ...findingOf(error), fix: `Use ${flag}, or another --host.` }];
  }
  const ours = stateDirOfPort(port);
  const by = ours === undefined ? '' : ` (the network in ${ours})`;
  // Default ports move, so nobody has to do anything.
  if (!explicit) return ok(`\`up\` takes another port instead of ${port}${by}`);
  const stop = ours === undefined ? 'stop the program that has it' : `stop that network (\`wasm-sensors down\` there)`;
  const { why, ...failure } = findingOf(portInUse(port, host, purpose, flag));
  return [{ ...failure, why: why + by, fix: `Use another one with ${flag}, or ${stop}.` }];
}
