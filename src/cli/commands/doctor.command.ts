import { command } from '../command.js';
import * as option from '../options.js';
import { doctorDocument, doctorText, hasFailures } from '../output/doctor-text.js';
import { UP_SETTINGS } from './up/up-settings.js';

export const doctor = command({
  name: 'doctor',
  summary: 'look for what keeps `up` from working, and say how to fix it; exit code 1: something fails',
  // The line that starts `up` can be checked as it is.
  settings: [...UP_SETTINGS, 'queueUnsigned'],
  options: { fix: option.flag('--fix', 'repair what can be repaired without losing anything') },
  examples: ['wasm-sensors doctor', 'wasm-sensors doctor --network compose', 'wasm-sensors doctor --fix -o json'],
  async action({ out, settings, provenance, options }) {
    const { runChecks } = await import('../../doctor/run-checks.js');
    out.progress('checking this machine, the network and the queue');
    const report = await runChecks({ values: settings, provenance }, options.fix);
    out.result(doctorDocument(report), (style) => doctorText(report, style));
    return hasFailures(report) ? 1 : 0;
  },
});
