import { bacalhauMissing } from '../support/bacalhau-missing.js';
import { NODES_ENDED } from '../support/kept-readings.js';
import { describeSite } from '../support/site-suite.js';

describeSite({ network: 'native', skip: bacalhauMissing(), risks: NODES_ENDED });
