/** Where Prometheus finds the services: those of the running `up`, else where they usually listen. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Settings } from '../config/settings.js';
import { loadProvider } from '../network/registry.js';
import { type RunState, readRunState, tokenFileOf } from './run-state.js';

export interface ScrapeTargets {
  /** Base URL of each service, by name. */
  services: Record<string, string>;
  /** File with the private authority of an https service. */
  tlsCa?: string;
  /** File with a token that may read. */
  tokenFile?: string;
}

/** Rejects as `readRunState` does. */
export async function scrapeTargets(settings: Settings): Promise<ScrapeTargets> {
  const stateDir = resolve(settings.stateDir);
  const state = readRunState(stateDir);
  const tokenFile = tokenFileOf(stateDir);
  return {
    services: state?.alive ? await servicesOfUp(state) : usualServices(settings),
    ...(state?.alive && state.tlsCa !== undefined ? { tlsCa: state.tlsCa } : {}),
    ...(existsSync(tokenFile) ? { tokenFile } : {}),
  };
}

async function servicesOfUp({ kind, connection, endpoints }: RunState): Promise<Record<string, string>> {
  const provider = await loadProvider(kind);
  const { data } = provider.connectionSchema.safeParse(connection);
  const host = data === undefined ? undefined : provider.sensorHostUrl?.(data);
  const { proxy, puller, queue } = endpoints;
  return {
    ...{ proxy, puller },
    ...(queue === undefined ? {} : { queue }),
    ...(host === undefined ? {} : { host }),
  };
}

const usualServices = ({ proxyPort, pullerPort, queuePort }: Settings) => ({
  proxy: `http://127.0.0.1:${proxyPort}`,
  puller: `http://127.0.0.1:${pullerPort}`,
  queue: `http://127.0.0.1:${queuePort}`,
});
