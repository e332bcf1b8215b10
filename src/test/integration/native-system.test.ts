import { bacalhauMissing } from '../support/bacalhau-missing.js';
import { NODES_ENDED } from '../support/kept-readings.js';
import { describeSystem } from '../support/system-suite.js';

describeSystem({ network: 'native', skip: bacalhauMissing(), risk: NODES_ENDED });
