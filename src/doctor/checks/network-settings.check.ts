import { networkKinds } from '../../config/setting-schemas.js';
import { type Check, findingOf, ok } from '../check.js';

/** Whether the settings of the network are complete and don't contradict each other. */
export const networkSettings: Check = {
  name: 'network',
  run: ({ provider, needsError }) =>
    needsError ? [findingOf(needsError)] : ok(`${provider.kind}: ${networkKinds.get(provider.kind)?.summary}`),
};
