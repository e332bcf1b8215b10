/** Programs that run in a process group of their own, so that a wrapper and the program that it wraps stop together. */
import { onExit } from 'signal-exit';

/** Kills a program, started with `detached: true`, and everything that it started. */
export function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // All of them have exited.
  }
}

/**
 * Kills the group when this process exits, also by a signal: those of the terminal do not reach it. Call the result once
 * the program has exited.
 */
export const tieGroup = (leader: number): (() => void) => onExit(() => killGroup(leader));
