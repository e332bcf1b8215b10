/** A region's link is the Docker network that its nodes are in, and in nothing else. */

import { docker } from '../../docker/docker-cli.js';
import { AppError } from '../../lib/errors/app-error.js';
import { containersOf, type Project } from './compose-project.js';

/** More at the same time only wait for each other in the engine. */
const AT_ONCE = 8;

/** Cuts and restores regions of one network. */
export class ComposeLinks {
  /** Containers of cut regions, by ascending address. */
  private readonly cut = new Map<string, string[]>();

  constructor(private readonly project: Project) {}

  /**
   * Takes a region's containers off its network, or puts them back; they run on all the while. Does nothing to those
   * that are so already. Rejects with `UNKNOWN_REGION`.
   */
  async set(region: string, connected: boolean): Promise<void> {
    const network = `${this.project.name}_region-${region}`;
    const names = await this.containers(region);
    if (!connected) {
      this.cut.set(region, await byAddress(names, network));
      return inParallel(names, (name) => tolerate(docker(['network', 'disconnect', network, name])));
    }
    // The engine gives the lowest free address: in this order each gets its own back, and connections that were open
    // go on at once. With another address they would hang until they time out.
    for (const name of this.cut.get(region) ?? names) await tolerate(docker(['network', 'connect', network, name]));
    this.cut.delete(region);
  }

  private async containers(region: string): Promise<string[]> {
    const containers = await containersOf({ project: this.project.name });
    const own = containers.filter(({ service }) => /^edge-(.+)-\d+$/.exec(service)?.[1] === region);
    if (own.length > 0) return own.map(({ name }) => name);
    const known = new Set(containers.flatMap(({ service }) => /^edge-(.+)-\d+$/.exec(service)?.[1] ?? []));
    throw new AppError('UNKNOWN_REGION', 'user', `there is no region ${region}`, {
      hint: `The regions are ${[...known].join(', ')}.`,
    });
  }
}

async function byAddress(names: string[], network: string): Promise<string[]> {
  const address = `{{with index .NetworkSettings.Networks "${network}"}}{{.IPAddress}}{{end}}`;
  const addresses = (await docker(['inspect', '--format', address, ...names])).split('\n');
  const value = (index: number) =>
    (addresses[index] ?? '').split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return names
    .map((name, index) => ({ name, value: value(index) }))
    .sort((a, b) => a.value - b.value)
    .map(({ name }) => name);
}

async function inParallel(names: string[], act: (name: string) => Promise<void>): Promise<void> {
  const waiting = [...names];
  const worker = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) await act(name);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** What is as it shall be is no failure. */
async function tolerate(call: Promise<unknown>): Promise<void> {
  await call.catch((error: AppError) => {
    if (!/already exists in network|is not connected to/.test(`${error.message} ${error.details}`)) throw error;
  });
}
