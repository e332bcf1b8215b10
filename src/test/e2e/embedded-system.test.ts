import { NODES_ENDED, REPLACED } from '../support/kept-readings.js';
import { describeSystem } from '../support/system-suite.js';

describeSystem({ network: 'embedded', risks: [...REPLACED, ...NODES_ENDED] });
