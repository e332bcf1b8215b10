/** Hosts that somebody may reach, each as `HOST` (all its ports) or `HOST:PORT`. Names are compared, never resolved. */

const ENTRY = /^(\[[\da-f:.]+\]|[^\s:/?#@\\[\]*]+)(?::(\d{1,5}))?$/i;

/** An entry in the one spelling that is compared, as URLs have it; undefined for a text that is none. */
export function hostEntry(text: string): string | undefined {
  const [, host = '', port] = ENTRY.exec(text) ?? [];
  // `new URL` spells a name or an address in one way: in lower case, an address with its four numbers.
  const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
  if (name === '' || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return undefined;
  return port === undefined ? name : `${name}:${Number(port)}`;
}

/** `HOST:PORT` of a URL for HTTP, also where its port is the usual one. */
export function hostAndPort({ protocol, hostname, port }: URL): string {
  return `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`;
}

/** A guest can make up any number of hosts. */
const MAX_REPORTED = 100;

export class HostList {
  readonly #entries: Set<string>;
  readonly #reported = new Set<string>();

  /**
   * @param entries as {@link hostEntry} and {@link hostAndPort} give them
   * @param onRefused gets each host that is asked for and not in the list, once, and at most a hundred of them
   */
  constructor(
    entries: readonly string[],
    private readonly onRefused: (host: string) => void = () => {},
  ) {
    this.#entries = new Set(entries);
  }

  permits(url: URL): boolean {
    const host = hostAndPort(url);
    if (this.#entries.has(host) || this.#entries.has(url.hostname)) return true;
    if (this.#reported.size < MAX_REPORTED && !this.#reported.has(host)) {
      this.#reported.add(host);
      this.onRefused(host);
    }
    return false;
  }
}
