import { NODES_ENDED, REPLACED } from '../support/kept-readings.js';
import { describeSite } from '../support/site-suite.js';

describeSite({ network: 'embedded', risks: [...REPLACED, ...NODES_ENDED] });
