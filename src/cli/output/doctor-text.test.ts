import { expect, test } from 'vitest';
import type { DoctorReport } from '../../doctor/run-checks.js';
import { doctorDocument, doctorText, hasFailures } from './doctor-text.js';
import { styleFor } from './terminal-text.js';

const style = styleFor(process.stdout, 'never');
const skipped = (check: string, why: string) => ({
  check,
  findings: [{ status: 'skipped' as const, why }],
  repairs: [],
});

const REPORT: DoctorReport = {
  network: 'compose',
  results: [
    { check: 'Node', findings: [{ status: 'ok', why: '22.0.0' }], repairs: [] },
    {
      check: 'ports',
      findings: [
        { status: 'warning', why: 'port 9090 is in use', fix: 'Choose another one with --port.', code: 'PORT_IN_USE' },
        { status: 'failure', why: 'port 9091 is in use', fix: 'Use --puller-port.', repair: () => 'x' },
      ],
      repairs: [],
    },
    { check: 'tokens', findings: [{ status: 'ok', why: 'closed' }], repairs: ['closed the token'] },
    {
      check: 'queue',
      findings: [{ status: 'failure', why: 'denied', fix: 'Attach:', details: ['{', '  "a": 1', '}'] }],
      repairs: [],
    },
    skipped('clock', 'no other'),
    skipped('nodes', 'not needed'),
    skipped('images', 'not needed'),
  ],
};

test('each finding with what mends it; what was skipped for one reason shares a line', () => {
  expect(doctorText(REPORT, style)).toBe(`network compose

✓ Node     22.0.0
✓ tokens   closed
- skipped  clock: no other
- skipped  nodes, images: not needed

+ tokens   fixed: closed the token

! ports    port 9090 is in use
           → Choose another one with --port.
✗ ports    port 9091 is in use
           → Use --puller-port.
✗ queue    denied
           → Attach:
             {
               "a": 1
             }

2 failures, 1 warning; \`wasm-sensors doctor --fix\` repairs what is safe to repair.`);
});

test('without a problem there is nothing to do', () => {
  const results = REPORT.results.filter(({ check }) => ['Node', 'clock'].includes(check));
  const report = { network: 'embedded', results };
  expect(doctorText(report, style).split('\n').at(-1)).toBe('Nothing is wrong.');
  expect([hasFailures(report), hasFailures(REPORT)]).toEqual([false, true]);
});

test('the document has one element for each finding, and no functions', () => {
  const document = doctorDocument(REPORT);
  expect(document).toMatchObject({ network: 'compose', failures: 2, warnings: 1 });
  expect(document.checks.slice(1, 3)).toEqual([
    {
      check: 'ports',
      status: 'warning',
      code: 'PORT_IN_USE',
      why: 'port 9090 is in use',
      fix: 'Choose another one with --port.',
    },
    { check: 'ports', status: 'failure', why: 'port 9091 is in use', fix: 'Use --puller-port.' },
  ]);
  expect(document.repairs).toEqual([{ check: 'tokens', done: 'closed the token' }]);
});
