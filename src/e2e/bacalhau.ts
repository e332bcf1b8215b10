/** Whether tests with a real Bacalhau can run. */
import { missingBacalhau } from '../network/native/testing/cluster.js';

/** The reason why not, if any. */
export const bacalhauMissing = (): string | undefined => missingBacalhau() || undefined;
