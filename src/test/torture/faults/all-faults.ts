/** The table of faults, in the parts in which they come. */
import { CLIENT_FAULTS } from './client-faults.js';
import { SET_CLOCK } from './clock-faults.js';
import type { FaultKind } from './fault.js';
import { DELETE_FILE, FILL_DISK } from './file-faults.js';
import { BREAK_LINK, CUT_REGION, DEPLOY_IN_OUTAGE } from './network-faults.js';
import { ORDER } from './order-faults.js';
import { KILL, KILL_DATABASE, KILL_PULLER, KILL_UP, STOP, STOP_PULLER } from './process-faults.js';

export const FAULTS: FaultKind[] = [
  ...[KILL, KILL, STOP, STOP_PULLER, KILL_UP, ORDER],
  ...[DELETE_FILE, DELETE_FILE, FILL_DISK],
  ...[CUT_REGION, DEPLOY_IN_OUTAGE, BREAK_LINK],
  ...[SET_CLOCK],
  ...[KILL_PULLER, KILL_PULLER, KILL_DATABASE],
  ...CLIENT_FAULTS,
];
