import { networkKinds } from '../../config/setting-schemas.js';
import type { NetworkProvider } from '../../network/provider.js';
import { KINDS } from '../../network/registry.js';

/** Adds a kind of network, or replaces one, in this process. Returns a function that restores the table. */
export function registerProvider(kind: string, load: () => Promise<NetworkProvider>): () => void {
  const before = KINDS[kind];
  KINDS[kind] = { summary: 'for tests', load };
  networkKinds.set(kind, KINDS[kind]);
  return () => {
    if (before) {
      KINDS[kind] = before;
      networkKinds.set(kind, before);
      return;
    }
    delete KINDS[kind];
    networkKinds.delete(kind);
  };
}
