/** Programs that run in a process group of their own, so that a wrapper and the program that it wraps stop together. */

/** Leaders of the groups that must not outlive this process. */
const tied = new Set<number>();
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Kills a program, started with `detached: true`, and everything that it started. */
export function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // All of them have exited.
  }
}

/**
 * Kills the group when this process exits: signals of the terminal do not reach it. Call the result once the program
 * has exited.
 */
export function tieGroup(leader: number): () => void {
  if (tied.size === 0) {
    process.on('exit', killTied);
    for (const signal of SIGNALS) process.on(signal, dieOf);
  }
  tied.add(leader);
  return () => {
    tied.delete(leader);
    if (tied.size === 0) untie();
  };
}

function untie(): void {
  process.off('exit', killTied);
  for (const signal of SIGNALS) process.off(signal, dieOf);
}

function killTied(): void {
  for (const leader of tied) killGroup(leader);
}

/**
 * Without another listener the signal stops this process, as it does by default; with one, that listener decides when
 * to exit.
 */
function dieOf(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  killTied();
  untie();
  process.kill(process.pid, signal);
}
