import { describeSystem } from '../support/system-suite.js';

describeSystem({ network: 'embedded', risks: true });
