/** `bacalhau` of the client container: it has the network's own version, and this machine needs none. */
import { readFileSync } from 'node:fs';
import type { Cli } from '../bacalhau/bacalhau-cli.js';
import { type BacalhauClient, createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { runBacalhau } from '../bacalhau/run-bacalhau.js';
import type { Project } from './compose-project.js';

export const clientContainer = ({ name }: Project): string => `${name}-client-1`;

export function createComposeClient(project: Project, apiPort: number): BacalhauClient {
  const cli: Cli = (args) => {
    // The container does not see our files: job documents go in by standard input.
    const file = args[0] === 'job' && args[1] === 'run' ? args.at(-1)! : undefined;
    const own = file === undefined ? args : args.slice(0, -1);
    return runBacalhau({
      program: 'docker',
      args: ['exec', '-i', clientContainer(project), 'bacalhau', ...own],
      own,
      ...(file === undefined ? {} : { options: { input: readFileSync(file) } }),
    });
  };
  return createBacalhauClient({
    cli,
    path: 'bacalhau (in the client container)',
    stateDir: project.folder,
    api: { host: '127.0.0.1', port: apiPort },
  });
}
