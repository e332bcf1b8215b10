import { execFileSync } from 'node:child_process';
import { describeSystem } from './system-suite.js';

function bacalhauMissing(): string | undefined {
  try {
    execFileSync(process.env.BACALHAU_BIN ?? 'bacalhau', ['version', '--client'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no bacalhau on the PATH';
  }
}

describeSystem({ network: 'native', skip: bacalhauMissing() });
