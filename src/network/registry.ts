/**
 * Every kind of network, in the order in which `--help` names them. Adding one is a folder, and a row here: what the
 * setting `network` takes and says is made from this table.
 */
import { networkKinds } from '../config/setting-schemas.js';
import type { NetworkProvider } from './provider.js';

interface Row {
  /** Completes "jobs run …". */
  summary: string;
  /** Called when it is needed, so that a command loads only the network that it uses. */
  load(): Promise<NetworkProvider>;
}

export const KINDS: Record<string, Row> = {
  embedded: {
    summary: 'in this program',
    load: async () => (await import('./embedded/embedded-provider.js')).embeddedProvider,
  },
  native: {
    summary: '`bacalhau` processes on this machine',
    load: async () => (await import('./native/native-provider.js')).nativeProvider,
  },
  compose: {
    summary: 'containers of this machine',
    load: async () => (await import('./compose/compose-provider.js')).composeProvider,
  },
  remote: {
    summary: 'a Bacalhau cluster that exists already',
    load: async () => (await import('./remote/remote-provider.js')).remoteProvider,
  },
};
for (const [kind, row] of Object.entries(KINDS)) networkKinds.set(kind, row);

/** The kinds, without loading anything. */
export const registeredKinds = (): string[] => Object.keys(KINDS);

/** `kind`: one that the setting `network` takes. */
export async function loadProvider(kind: string): Promise<NetworkProvider> {
  const row = KINDS[kind];
  if (!row) throw new Error(`no provider is registered for the network ${kind}`);
  return row.load();
}

export const loadAllProviders = (): Promise<NetworkProvider[]> => Promise.all(registeredKinds().map(loadProvider));
