/** A region's link is the Docker network that its nodes are in, and in nothing else. */
import { AppError } from '../../core/errors.js';
import { docker } from '../images/docker.js';
import { containersOf, type Project } from './project.js';

/** More at the same time only wait for each other in the engine. */
const AT_ONCE = 8;

/**
 * Takes a region's containers off its network, or puts them back; they run on all the while. Does nothing to those that
 * are so already. Rejects with `UNKNOWN_REGION`.
 */
export async function setRegionLink(project: Project, region: string, connected: boolean): Promise<void> {
  const containers = await containersOf({ project: project.name });
  const nodes = containers.map(({ service }) => service).filter((service) => service.startsWith('edge-'));
  const own = containers.filter(({ service }) => new RegExp(`^edge-${region}-\\d+$`).test(service));
  if (own.length === 0) {
    const known = [...new Set(nodes.map((service) => service.split('-')[1]))];
    throw new AppError('UNKNOWN_REGION', 'user', `there is no region ${region}`, {
      hint: `The regions are ${known.join(', ')}.`,
    });
  }
  const network = `${project.name}_region-${region}`;
  const waiting = own.map(({ name }) => name).sort();
  const worker = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      await docker(['network', connected ? 'connect' : 'disconnect', network, name]).catch((error: AppError) => {
        if (!/already exists in network|is not connected to/.test(`${error.message} ${error.details}`)) throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
