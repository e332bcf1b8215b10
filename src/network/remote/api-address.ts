/** From settings to the address of an API that exists already. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Settings } from '../../config/settings.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { ApiAddress } from '../bacalhau/bacalhau-cli.js';

/** Throws `NO_API_HOST`, `NO_TLS`, `NO_SUCH_FILE` for the signer of its certificate, and `CREDENTIALS_MIXED`. */
export function apiAddress(settings: Settings): ApiAddress {
  const { apiHost, apiPort, apiTls, apiInsecure, apiCa } = settings;
  if (apiHost === undefined) {
    throw new AppError('NO_API_HOST', 'the remote network needs the address of its orchestrator', {
      hint: 'Give --api-host (and --api-port, --api-tls where needed), or set BACALHAU_API_HOST.',
    });
  }
  const tls = apiTls || apiCa !== undefined;
  if (apiInsecure && !tls)
    throw new AppError('NO_TLS', '--api-insecure is about TLS, which is not asked for', {
      hint: 'Give --api-tls as well.',
    });
  const credentials = credentialsOf(settings);
  return {
    host: apiHost,
    port: apiPort,
    ...(tls ? { tls: { ...signer(apiCa), ...(apiInsecure ? { insecure: true } : {}) } } : {}),
    ...(credentials ? { credentials } : {}),
  };
}

/** Other terminals may be in other folders. */
function signer(file: string | undefined): { caFile?: string } {
  if (file === undefined) return {};
  if (existsSync(file)) return { caFile: resolve(file) };
  throw new AppError('NO_SUCH_FILE', `--api-ca: there is no file ${file}`, {
    hint: 'Name the PEM file of the certificate.',
  });
}

/** Bacalhau knows two ways in, and refuses both at the same time. */
function credentialsOf({ apiToken, apiUsername, apiPassword }: Settings): ApiAddress['credentials'] {
  if (apiToken !== undefined && apiUsername === undefined && apiPassword === undefined) return { apiKey: apiToken };
  if (apiToken === undefined && apiUsername !== undefined && apiPassword !== undefined)
    return { username: apiUsername, password: apiPassword };
  if (apiToken === undefined && apiUsername === undefined && apiPassword === undefined) return undefined;
  throw new AppError('CREDENTIALS_MIXED', 'the API accepts either an API key or a user with a password', {
    hint: 'Give --api-token-file (BACALHAU_API_KEY), or --api-username with --api-password-file (BACALHAU_API_USERNAME and _PASSWORD).',
  });
}
