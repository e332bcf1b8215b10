/** Addresses of the backbone network, which are fixed so that service jobs find the queue. */

import { docker } from '../../docker/docker-cli.js';
import { AppError } from '../../lib/errors/app-error.js';
import { overlap } from './subnets.js';

const FIRST = 90;
const LAST = 119;

/** How often a network that took the same addresses in between makes us choose others. */
const TRIES = 5;

/**
 * Calls `make`, which makes the network, with the first three numbers of its addresses, and gives them. Rejects as `make`
 * does.
 *
 * @param addresses what the operator asked for, or what chooses free ones
 */
export async function onBackbone(
  addresses: string | (() => Promise<string>),
  make: (backbone: string) => Promise<unknown>,
): Promise<string> {
  for (let tries = 1; ; tries++) {
    const backbone = typeof addresses === 'string' ? addresses : await addresses();
    try {
      await make(backbone);
      return backbone;
    } catch (error) {
      if (typeof addresses === 'string' || tries === TRIES || !isTaken(error)) throw error;
    }
  }
}

const isTaken = (error: unknown) => error instanceof AppError && error.code === 'SUBNET_IN_USE';

/** First three numbers of a /24 that no network of this engine uses; `name` is the network's own. */
export async function chooseBackbone(name: string): Promise<string> {
  const ids = (await docker(['network', 'ls', '--quiet', '--filter', 'driver=bridge'])).split('\n').filter(Boolean);
  const format = '{{.Name}}{{range .IPAM.Config}} {{.Subnet}}{{end}}';
  const lines = ids.length > 0 ? (await docker(['network', 'inspect', '--format', format, ...ids])).split('\n') : [];
  const others = lines.filter((line) => !line.startsWith(`${name} `));
  return freeBackbone(others.flatMap((line) => line.split(' ').slice(1)));
}

/** @param taken subnets such as `172.17.0.0/16` */
export function freeBackbone(taken: string[]): string {
  for (let third = FIRST; third <= LAST; third++) {
    const prefix = `10.213.${third}`;
    if (!taken.some((subnet) => overlap(subnet, `${prefix}.0/24`))) return prefix;
  }
  throw new AppError('SUBNET_IN_USE', 'user', 'there is no free network for the backbone in 10.213.0.0/16', {
    hint: 'Set BACKBONE to the first three numbers of a free /24 network, such as BACKBONE=192.168.77.',
  });
}
