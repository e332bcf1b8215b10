import { describeSite } from '../support/site-suite.js';

describeSite({ network: 'embedded', risks: true });
