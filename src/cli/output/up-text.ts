/** Texts that `up` and others share. */
import { networkInterfaces } from 'node:os';

const ENDPOINT_NAMES: Record<string, string> = { jobProxy: 'job proxy', api: 'API', webUi: 'web UI' };

/** Those that listen on the `host` setting; the others stay on loopback. */
const ON_HOST = ['proxy', 'puller'];

/** A line for each address. `host`: where services listen; for every address of this machine, those are named, too. */
export const endpointLines = (endpoints: object, host?: unknown): string[] => {
  const own = host === '0.0.0.0' || host === '::' ? otherAddresses() : [];
  return Object.entries(endpoints).map(([name, url]) => {
    const label = Object.hasOwn(ENDPOINT_NAMES, name) ? ENDPOINT_NAMES[name]! : name;
    const others = ON_HOST.includes(name) ? own.map((address) => url.replace(new URL(url).hostname, address)) : [];
    return `${label.padEnd(9)} ${[url, ...others].join(', ')}`;
  });
};

/** At most so many: a machine may have dozens. */
const ADDRESSES_SHOWN = 3;

function otherAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const own = all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address);
  return own.slice(0, ADDRESSES_SHOWN);
}

export const NO_SENSORS_YET = 'no sensors yet: run `wasm-sensors deploy publisher` in another terminal';

/**
 * What a reader of the log can do when sensors do not report in time. `outlive`: they keep running without `up`; `silent`:
 * the given URL of the proxy, where nothing answers.
 */
export function upTimeoutHint(outlive: boolean, silent?: string): string {
  const stopped = outlive ? 'Proxy and puller were stopped.' : 'Everything was stopped.';
  return silent === undefined
    ? `${stopped} Give it longer with --timeout, or run \`wasm-sensors up\` without --deploy, then \`wasm-sensors deploy publisher\`.`
    : `Nothing answers at ${silent} (--proxy-url), where the sensors send to. ${stopped}`;
}

export const keptText = (what: string): string => `could not remove ${what}`;

/** A damaged `run.json` was quarantined: what it recorded was not stopped. */
export const quarantinedText = (file: string): string =>
  `run.json was damaged and is now ${file}; if processes or containers of a killed \`up\` still run, stop them yourself`;

/** Where sensors outlive `up`. */
export const SENSORS_KEEP_RUNNING =
  'sensors that were not stopped keep running on the cluster, and keep their readings until their proxy is back; ' +
  'to stop them, run `wasm-sensors up` with the same flags, then `wasm-sensors stop publisher`, then `wasm-sensors down`';
