import { NODES_ENDED, REPLACED } from '../support/kept-readings.js';
import { describeSite } from '../support/site-suite.js';
import { describeSystem } from '../support/system-suite.js';

const embedded = { network: 'embedded' as const, risks: [...REPLACED, ...NODES_ENDED] };

describeSystem(embedded);
describeSite(embedded);
