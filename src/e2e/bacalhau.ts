/** Whether tests with a real Bacalhau can run. */
import { execFileSync } from 'node:child_process';

/** The reason why not, if any. */
export function bacalhauMissing(): string | undefined {
  try {
    execFileSync(process.env.BACALHAU_BIN ?? 'bacalhau', ['version', '--client'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no bacalhau on the PATH';
  }
}
