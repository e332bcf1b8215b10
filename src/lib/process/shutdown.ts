/** When a serving process stops: at a signal, or when its supervisor or the reader of its output is gone. */

/** Exit codes of the shell convention: 128 + signal number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export type StopReason = keyof typeof SIGNALS | 'supervisor gone' | 'reader gone';

/** The exit code of a process that stops for this reason. A reader that has gone (`| head`) is no error. */
export function exitCodeOf(reason: StopReason): number {
  if (reason === 'reader gone') return 0;
  return reason === 'supervisor gone' ? 1 : SIGNALS[reason];
}

let askToStop: ((reason: StopReason) => void) | undefined;

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP, when {@link endWithReader} finds the reader gone and, for a
 * `supervised` process, when the IPC channel to its supervisor closes because that was killed. A further SIGINT or SIGTERM
 * exits the process at once; a SIGHUP does not, because a terminal that is closed sends several.
 */
export function stopRequested({ supervised }: { supervised: boolean }): Promise<StopReason> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (reason: StopReason) => {
      if (asked && (reason === 'SIGINT' || reason === 'SIGTERM')) process.exit(exitCodeOf(reason));
      asked = true;
      resolve(reason);
    };
    askToStop = ask;
    for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) process.on(signal, () => ask(signal));
    // Without a supervisor it is undefined; false: one was killed while this process started.
    if (supervised && process.connected === false) ask('supervisor gone');
    if (supervised && process.connected) process.on('disconnect', () => ask('supervisor gone'));
  });
}

/**
 * Stops the process when stdout or stderr has no reader any more (`| head`, a closed terminal): in order when it waits
 * in {@link stopRequested}, else at once.
 */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The stderr of a background process is a file, and a full disk must not stop the process.
      if (error.code === 'ENOSPC' && stream === process.stderr) return;
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
      if (askToStop) askToStop('reader gone');
      else process.exit(exitCodeOf('reader gone'));
    });
  }
}

/**
 * Reports to the supervisor, if there is one, that this process is ready; `facts` are sent along as JSON. From now on it
 * answers when the supervisor asks whether it is alive.
 */
export function reportReady(facts: Record<string, unknown>): void {
  if (!process.send) return;
  process.on('message', () => report({ pong: true }));
  report({ ready: facts });
}

/** Where a supervisor listens. {@link stopRequested} notices one that is gone. */
const report = (message: object) => {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
};

/** Passes a warning on to the supervisor, if there is one, who shows it to the operator. */
export const reportWarning = (warning: string): void => report({ warning });

/** Until then the supervisor does not take the silence of a busy process for a hang. */
const LONGEST_MS = 30 * 60_000;

/**
 * Runs `work` that blocks this process for long, such as writing a large database anew. If there is a supervisor, it learns when the work begins and
 * when it is over.
 */
export function whileBusy<T>(work: () => T): T {
  report({ busyForMs: LONGEST_MS });
  try {
    return work();
  } finally {
    report({ busyForMs: 0 });
  }
}
