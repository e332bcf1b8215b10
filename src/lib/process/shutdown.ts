/** The life of a serving process: it runs until a signal, or until its supervisor is gone, and then closes in order. */

/** Exit codes of the shell convention: 128 + signal number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export type StopReason = keyof typeof SIGNALS | 'supervisor gone' | 'reader gone';

/** Exit code for a process that was asked to stop interactively. A reader that has seen enough (`| head`) is no error. */
export function exitCodeOf(reason: StopReason): number {
  if (reason === 'reader gone') return 0;
  return reason === 'supervisor gone' ? 1 : SIGNALS[reason];
}

let askToStop: ((reason: StopReason) => void) | undefined;

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP, when {@link endWithReader} has seen the reader go and, for a
 * `supervised` process, when the IPC channel to its supervisor closes (it was killed). A second signal ends the process
 * at once.
 */
export function stopRequested({ supervised }: { supervised: boolean }): Promise<StopReason> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (reason: StopReason) => {
      if (asked && reason in SIGNALS) process.exit(exitCodeOf(reason));
      asked = true;
      resolve(reason);
    };
    askToStop = ask;
    for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) process.on(signal, () => ask(signal));
    if (supervised && process.connected) process.on('disconnect', () => ask('supervisor gone'));
  });
}

/**
 * What happens when nobody reads stdout or stderr any more (`| head`, a closed terminal): a process that waits in
 * {@link stopRequested} closes in order, any other ends at once.
 */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // What runs in the background has its words in a file: a disk without room for them must not end it.
      if (error.code === 'ENOSPC' && stream === process.stderr) return;
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
      askToStop ? askToStop('reader gone') : process.exit(exitCodeOf('reader gone'));
    });
  }
}

/** Tells a supervisor, if there is one, that this process is ready; `facts` travel along as JSON. */
export function reportReady(facts: Record<string, unknown>): void {
  process.send?.({ ready: facts });
}
