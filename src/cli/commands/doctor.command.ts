import { Option } from 'commander';
import type { CommandSpec } from '../command.js';
import { doctorDocument, doctorText, hasFailures } from '../output/doctor-text.js';
import { UP_SETTINGS } from './up/up-settings.js';

export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'look for what keeps `up` from working, and say what mends it; exit code 1: something fails',
  settings: UP_SETTINGS,
  modes: ['text', 'json'],
  options: [new Option('--fix', 'repair what can be repaired without losing anything')],
  examples: ['wasm-sensors doctor', 'wasm-sensors doctor --network compose', 'wasm-sensors doctor --fix -o json'],
  async action({ out, settings, provenance, options }) {
    const { runChecks } = await import('../../doctor/run-checks.js');
    out.progress('looking at this machine, the network and the queue');
    const report = await runChecks({ values: settings, provenance }, options.fix === true);
    out.result(doctorDocument(report), (style) => doctorText(report, style, process.stdout.columns));
    return hasFailures(report) ? 1 : 0;
  },
};
