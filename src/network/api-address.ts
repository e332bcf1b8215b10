/** From settings to what networks are given: the address of an API that exists already, and sensors' environment. */
import type { Settings } from '../config/settings.js';
import { usageError } from '../core/errors.js';
import type { ApiAddress } from './bacalhau/cli.js';

/** Throws `NO_API_HOST` when there is none. */
export function apiAddress({ apiHost, apiPort, apiTls, apiInsecure, apiToken }: Settings): ApiAddress {
  if (apiHost === undefined) {
    throw usageError(
      'NO_API_HOST',
      'the remote network needs the address of its orchestrator',
      'Give --api-host (and --api-port, --api-tls where needed), or set BACALHAU_API_HOST.',
    );
  }
  return {
    host: apiHost,
    port: apiPort,
    ...(apiTls ? { tls: apiInsecure ? { insecure: true } : {} } : {}),
    ...credentialsOf({ apiToken }),
  };
}

/** Credentials for the API, as every terminal needs them anew: they are kept in no file of ours. */
export function credentialsOf({ apiToken }: Pick<Settings, 'apiToken'>): Pick<ApiAddress, 'credentials'> {
  return apiToken === undefined ? {} : { credentials: { apiKey: apiToken } };
}

/** What sensors are given by environment. */
export function sensorEnv({ sensorToken }: Settings): Record<string, string> {
  return sensorToken === undefined ? {} : { SENSOR_TOKEN: sensorToken };
}
