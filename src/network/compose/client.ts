/** `bacalhau` of the client container: it has the network's own version, and this machine needs none. */
import { readFileSync } from 'node:fs';
import type { Cli } from '../bacalhau/cli.js';
import { type BacalhauClient, createBacalhauClient } from '../bacalhau/client.js';
import { failureOf } from '../bacalhau/failures.js';
import type { Project } from './project.js';

export const clientContainer = ({ name }: Project): string => `${name}-client-1`;

export function createComposeClient(project: Project, apiPort: number): BacalhauClient {
  const cli: Cli = async (args) => {
    const { execa } = await import('execa');
    // The container does not see our files: job documents go in by standard input.
    const file = args[0] === 'job' && args[1] === 'run' ? args.at(-1)! : undefined;
    const result = await execa(
      'docker',
      ['exec', '-i', clientContainer(project), 'bacalhau', ...(file === undefined ? args : args.slice(0, -1))],
      {
        ...(file === undefined ? { stdin: 'ignore' as const } : { input: readFileSync(file) }),
        reject: false,
        timeout: 30_000,
        maxBuffer: 512 * 1024 * 1024,
      },
    );
    if (result.exitCode === 0) return result.stdout;
    throw failureOf(args.slice(0, 2).join(' '), `${result.stdout}\n${result.stderr}`, result.originalMessage);
  };
  return createBacalhauClient({
    cli,
    path: 'bacalhau (in the client container)',
    stateDir: project.folder,
    api: { host: '127.0.0.1', port: apiPort },
  });
}
