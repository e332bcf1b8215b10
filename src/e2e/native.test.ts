import { bacalhauMissing } from './bacalhau.js';
import { describeSystem } from './system-suite.js';

describeSystem({ network: 'native', skip: bacalhauMissing() });
