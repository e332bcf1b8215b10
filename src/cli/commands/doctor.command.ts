import type { SettingKey } from '../../config/settings.js';
import { command } from '../command.js';
import { flagOption } from '../options.js';
import { doctorDocument, doctorText, hasFailures } from '../output/doctor-text.js';

/** Those of `up` that a check reads. */
const CHECKED: SettingKey[] = [
  'network',
  'nodes',
  'stateDir',
  'host',
  'proxyPort',
  'pullerPort',
  'queuePort',
  'proxyUrl',
  'queue',
  'queueEndpoint',
  'queueUnsigned',
  'awsRegion',
  'bacalhau',
  'apiHost',
  'apiPort',
  'natsPort',
  'webUiPort',
  'apiTls',
  'apiInsecure',
  'apiCa',
  'apiToken',
  'apiUsername',
  'apiPassword',
];

export const doctor = command({
  name: 'doctor',
  summary: 'look for what keeps `up` from working, and say how to fix it; exit code 1: something fails',
  settings: CHECKED,
  modes: ['text', 'json'],
  options: { fix: flagOption('--fix', 'repair what can be repaired without losing anything') },
  examples: ['wasm-sensors doctor', 'wasm-sensors doctor --network compose', 'wasm-sensors doctor --fix -o json'],
  async action({ out, settings, provenance, options }) {
    const { runChecks } = await import('../../doctor/run-checks.js');
    out.progress('checking this machine, the network and the queue');
    const report = await runChecks({ values: settings, provenance }, options.fix);
    out.result(doctorDocument(report), (style) => doctorText(report, style));
    return hasFailures(report) ? 1 : 0;
  },
});
