import { describeSystem } from './system-suite.js';

describeSystem({ network: 'embedded' });
