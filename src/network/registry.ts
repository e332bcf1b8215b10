/** Makes the runner of a network whose centre runs on this machine; compose brings its own (`compose/plan.ts`). */
import type { Settings } from '../config/settings.js';
import type { WantedPorts } from './native/native-ports.js';
import type { NetworkKind } from './network.js';
import type { NetworkRunner, RunnerContext } from './provider.js';
import { apiAddress } from './remote/api-address.js';

/** `ports`: those of a native network, and whether the operator asked for them. */
export async function createRunner(
  kind: Exclude<NetworkKind, 'compose'>,
  settings: Settings,
  context: RunnerContext,
  ports: WantedPorts,
): Promise<NetworkRunner> {
  switch (kind) {
    case 'embedded':
      return (await import('./embedded/embedded-provider.js')).createEmbeddedRunner(context);
    case 'native':
      return (await import('./native/native-provider.js')).createNativeRunner(context, {
        ...(settings.bacalhau === undefined ? {} : { bacalhau: settings.bacalhau }),
        ports,
      });
    case 'remote':
      return (await import('./remote/remote-provider.js')).createRemoteRunner(context, {
        ...(settings.bacalhau === undefined ? {} : { bacalhau: settings.bacalhau }),
        api: apiAddress(settings),
        tokenInJob: settings.tokenInJob,
      });
  }
}
