/** The life of a serving process: it runs until a signal, or until its supervisor is gone, and then closes in order. */

/** Exit codes of the shell convention: 128 + signal number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export type StopReason = keyof typeof SIGNALS | 'supervisor gone';

/** Exit code for a process that was asked to stop interactively. */
export function exitCodeOf(reason: StopReason): number {
  return reason === 'supervisor gone' ? 1 : SIGNALS[reason];
}

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP and, for a `supervised` process, when the IPC channel to its
 * supervisor closes (it was killed). A second signal ends the process at once.
 */
export function stopRequested({ supervised }: { supervised: boolean }): Promise<StopReason> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (reason: StopReason) => {
      if (asked && reason !== 'supervisor gone') process.exit(exitCodeOf(reason));
      asked = true;
      resolve(reason);
    };
    for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) process.on(signal, () => ask(signal));
    if (supervised && process.connected) process.on('disconnect', () => ask('supervisor gone'));
  });
}

/** Tells a supervisor, if there is one, that this process is ready; `facts` travel along as JSON. */
export function reportReady(facts: Record<string, unknown>): void {
  process.send?.({ ready: facts });
}
