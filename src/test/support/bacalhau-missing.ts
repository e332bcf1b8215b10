/** Whether tests with a real Bacalhau can run. */
import { missingBacalhau } from './native-cluster.js';

/** The reason why not, if any. */
export const bacalhauMissing = (): string | undefined => missingBacalhau() || undefined;
