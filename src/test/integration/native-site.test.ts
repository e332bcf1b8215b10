import { bacalhauMissing } from '../support/bacalhau-missing.js';
import { describeSite } from '../support/site-suite.js';

describeSite({ network: 'native', skip: bacalhauMissing() });
