/** Makes the runner of the network that the settings name. */
import type { Settings } from '../config/settings.js';
import type { NetworkRunner, RunnerContext } from './runner.js';

/** `apiPortExplicit`: the operator asked for this very API port. */
export async function createRunner(
  settings: Settings,
  context: RunnerContext,
  apiPortExplicit: boolean,
): Promise<NetworkRunner> {
  switch (settings.network) {
    case 'embedded':
      return (await import('./embedded/runner.js')).createEmbeddedRunner(context);
    case 'native':
      return (await import('./native/runner.js')).createNativeRunner(context, {
        ...(settings.bacalhau === undefined ? {} : { bacalhau: settings.bacalhau }),
        ports: { api: { port: settings.apiPort, explicit: apiPortExplicit } },
      });
    default:
      throw new Error(`the ${settings.network} network is not there`);
  }
}
