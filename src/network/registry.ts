/** Every kind of network, in the order in which `--help` names them. Adding one is a folder, and a row here. */
import { networkKinds } from '../config/setting-schemas.js';
import type { NetworkProvider } from './provider.js';

type Load = () => Promise<NetworkProvider>;

/** Loaded when needed, so that a command loads only the network that it uses. */
const PROVIDERS = new Map<string, Load>([
  ['embedded', async () => (await import('./embedded/embedded-provider.js')).embeddedProvider],
  ['native', async () => (await import('./native/native-provider.js')).nativeProvider],
  ['compose', async () => (await import('./compose/compose-provider.js')).composeProvider],
  ['remote', async () => (await import('./remote/remote-provider.js')).remoteProvider],
]);

/**
 * Adds a kind, or replaces one, in this process; for programs and tests that bring their own network. Returns a
 * function that restores the table.
 */
export function registerProvider(kind: string, load: Load): () => void {
  const before = PROVIDERS.get(kind);
  PROVIDERS.set(kind, load);
  networkKinds.add(kind);
  return () => {
    if (before) {
      PROVIDERS.set(kind, before);
      return;
    }
    PROVIDERS.delete(kind);
    networkKinds.delete(kind);
  };
}

/** The kinds, without loading anything. */
export const registeredKinds = (): string[] => [...PROVIDERS.keys()];

/** `kind`: one that the setting `network` takes. */
export async function loadProvider(kind: string): Promise<NetworkProvider> {
  const load = PROVIDERS.get(kind);
  if (!load) throw new Error(`no provider is registered for the network ${kind}`);
  return load();
}

export const loadAllProviders = (): Promise<NetworkProvider[]> => Promise.all(registeredKinds().map(loadProvider));
