import { bacalhauMissing } from '../support/bacalhau-missing.js';
import { describeSystem } from '../support/system-suite.js';

describeSystem({ network: 'native', skip: bacalhauMissing() });
