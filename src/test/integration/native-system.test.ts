import { bacalhauMissing } from '../support/bacalhau-missing.js';
import { NODES_ENDED } from '../support/kept-readings.js';
import { describeSite } from '../support/site-suite.js';
import { describeSystem } from '../support/system-suite.js';

const native = { network: 'native' as const, skip: bacalhauMissing(), risks: NODES_ENDED };

// Each cut takes Bacalhau half a minute: `native-handover` has that one.
describeSystem({ ...native, without: ['cut'] });
describeSite(native);
