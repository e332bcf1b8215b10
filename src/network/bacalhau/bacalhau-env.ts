/** The environment for the user's `bacalhau`: nothing of the user's own Bacalhau settings may leak into our networks. */

/** Variables that turn off every outside call and every prompt of a `bacalhau` process. */
const QUIET = { BACALHAU_DISABLEANALYTICS: 'true', BACALHAU_UPDATECONFIG_INTERVAL: '0' };

/**
 * This process's environment with every `BACALHAU_*` variable marked for removal (`undefined`), and `own` on top.
 * A leaking `BACALHAU_API_HOST` would beat our flags; a leaking `BACALHAU_DIR` may be of another version.
 */
export function bacalhauEnv(own: Record<string, string>): Record<string, string | undefined> {
  return { ...removed('BACALHAU_'), ...QUIET, ...own };
}

/** Marks every variable whose name starts with `prefix` for removal from a child's environment. */
export function removed(prefix: string): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) => name.startsWith(prefix));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
