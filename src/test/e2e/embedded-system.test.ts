import { NODES_ENDED } from '../support/kept-readings.js';
import { describeSystem } from '../support/system-suite.js';

describeSystem({ network: 'embedded', risk: NODES_ENDED });
