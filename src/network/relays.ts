/** The relays of `up --relays` on this machine: a child process of `up` for each region, which outlives no `up`; its data do. */
import type { Resolved } from '../config/resolve-settings.js';
import { serviceCommand } from '../config/service-config.js';
import { freePorts } from '../lib/net/choose-port.js';
import { selfCommand } from '../lib/process/self-command.js';
import { currentKey, relayTokenOf } from '../protocol/sensor-token.js';
import { REGIONS } from './network.js';
import type { PlanContext } from './provider.js';

const MEMORY_MB = 60;
/** They start beside everything else, so that a busy machine needs longer for each. */
const READY_MS = 60_000;

export const relayName = (region: string): string => `relay-${region}`;

/** Megabytes of memory that they need. */
export const relayMemoryMb = ({ values }: Resolved): number => (values.relays ? MEMORY_MB * REGIONS.length : 0);

/** What a relay sends with, and checks sensors with. Its own token is good for the hosts of its region only. */
export function relaySecrets({ sensorKey, sensorEnv }: Pick<PlanContext, 'sensorKey' | 'sensorEnv'>, region: string) {
  const sensorToken = sensorEnv.SENSOR_TOKEN;
  const key = currentKey(sensorKey);
  const relayToken = key === undefined ? sensorToken : relayTokenOf(key, region);
  return { sensorToken, sensorKey, relayToken };
}

/**
 * Starts them, where they are wanted; resolves with their URLs by region when all are ready. A relay needs no upstream to
 * start.
 *
 * @param upstreamOf where a region's relay finds the proxy
 */
export async function startRelays(
  context: PlanContext,
  upstreamOf: (region: string) => string,
): Promise<Record<string, string>> {
  const { supervisor, stateDir, tlsCa, viewerToken, logging, rateLimit, relays } = context;
  if (!relays) return {};
  // Sensors are told the port. A default one could be chosen at the same time by another `up`.
  const ports = await freePorts(REGIONS.length);
  await Promise.all(
    REGIONS.map((region, i) => {
      const { args, env } = serviceCommand('relay', {
        upstream: upstreamOf(region),
        region,
        name: relayName(region),
        host: '127.0.0.1',
        proxyPort: ports[i],
        stateDir,
        tlsCa,
        // With one, reading is locked on loopback, too.
        viewerToken,
        rateLimit,
        ...logging,
        ...relaySecrets(context, region),
      });
      return supervisor.start({
        name: relayName(region),
        ...selfCommand(args),
        // The certificate is the proxy's: on loopback a relay speaks http, whatever the settings of the working folder say.
        cwd: stateDir,
        env: { ...env, WASM_SENSORS_TLS_CERT: undefined, WASM_SENSORS_TLS_KEY: undefined },
        ready: 'ipc',
        readyTimeoutMs: READY_MS,
      });
    }),
  );
  return Object.fromEntries(REGIONS.map((region, i) => [region, `http://127.0.0.1:${ports[i]}`]));
}

export async function stopRelays({ supervisor, relays }: PlanContext): Promise<void> {
  if (relays) await supervisor.stop(REGIONS.map(relayName));
}
