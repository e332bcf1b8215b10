/** Makes the runner of the network that the settings name. */
import type { Settings } from '../config/settings.js';
import type { NetworkRunner, RunnerContext } from './runner.js';

export async function createRunner(settings: Settings, context: RunnerContext): Promise<NetworkRunner> {
  switch (settings.network) {
    case 'embedded':
      return (await import('./embedded/runner.js')).createEmbeddedRunner(context);
    default:
      throw new Error(`the ${settings.network} network is not there`);
  }
}
