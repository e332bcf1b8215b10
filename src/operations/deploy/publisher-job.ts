/** The publisher as a job: from what was asked for to what a region gets. */
import { basename, resolve } from 'node:path';
import type { PublisherJob } from '../../jobs/job-request.js';
import { AppError } from '../../lib/errors/app-error.js';
import { readUserModule, type UserModule } from '../../modules/user-module.js';
import { HTTP_FUNCTION } from '../../modules/wasi-functions.js';
import type { Network } from '../../network/network.js';
import { provideModule, type SubmitTarget } from './submit-in-order.js';
import type { PublisherOptions } from './versions.js';

/** What a region is asked to run, checked: what no node can run, or can send nothing, replaces nothing. */
export interface WantedPublisher {
  options: PublisherOptions;
  module: UserModule | undefined;
  /** Of `--proxy`. */
  proxyUrl: string | undefined;
}

/** Rejects as `readSensor` and `provideModule` do, and with `BAD_OPTION` for a proxy that is neither a URL nor a known name. */
export async function checkPublisher(target: SubmitTarget, options: PublisherOptions): Promise<WantedPublisher> {
  const { module: file, proxy } = options;
  const module = file === undefined ? undefined : await readSensor(file);
  if (module) await provideModule(target, module);
  const proxyUrl = proxy === undefined ? undefined : urlOfProxy(proxy, target.network.proxyNames);
  return { options, module, proxyUrl };
}

/** Rejects as `readUserModule` does, and with `MODULE_REFUSED` for a module that can send no readings. */
export async function readSensor(file: string): Promise<UserModule> {
  const module = await readUserModule(file);
  if (module.facts.http) return module;
  throw new AppError('MODULE_REFUSED', `${basename(file)} is no sensor: it does not import ${HTTP_FUNCTION}`, {
    hint: 'It can send no readings. Begin a sensor with `wasm-sensors init`; `deploy module` runs any program.',
  });
}

export function publisherJob(network: Network, region: string, wanted: WantedPublisher, time: number): PublisherJob {
  const { config, profile, anomalies, maxMessages, allow, configFile } = wanted.options;
  return {
    role: 'publisher',
    region,
    submissionTime: time,
    module: wanted.module,
    config,
    proxyUrl: wanted.proxyUrl ?? network.sensorProxyUrl(region),
    configFile: configFileOf(network, region, configFile),
    profile,
    anomalies,
    maxMessages,
    allow,
  };
}

/** `names`: those that the network has for proxies. Throws `BAD_OPTION` for what is no URL. */
function urlOfProxy(given: string, names: Network['proxyNames'] = {}): string {
  const url = Object.hasOwn(names, given) ? names[given]! : given;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url.replace(/\/+$/, '');
  const known = Object.keys(names);
  throw new AppError(
    'BAD_OPTION',
    `--proxy: ${JSON.stringify(given)} is not a URL that begins with http:// or https://`,
    { hint: known.length > 0 ? `Give a URL, or ${known.join(' or ')}.` : undefined },
  );
}

/** The file on the nodes; left out: the network's own. Where nodes see this machine's files, a path is relative to here. */
function configFileOf(network: Network, region: string, given: string | undefined): string | undefined {
  const own = network.configFile?.(region);
  if (given === undefined) return own?.onNode;
  return own && own.here === own.onNode ? resolve(given) : given;
}
