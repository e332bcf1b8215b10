/** What `doctor` found, for people. */
import type { CheckStatus, Finding } from '../../doctor/check.js';
import type { CheckResult, DoctorReport } from '../../doctor/run-checks.js';
import { countText, type Style } from './terminal-text.js';

/** The result as `-o json` shows it. */
export function doctorDocument({ network, results }: DoctorReport) {
  return {
    network,
    ...countsOf(results),
    checks: results.flatMap(({ check, findings }) =>
      findings.map(({ status, code, why, fix, details }) => ({
        check,
        status,
        ...(code === undefined ? {} : { code }),
        why,
        ...(fix === undefined ? {} : { fix }),
        ...(details === undefined ? {} : { details }),
      })),
    ),
    repairs: results.flatMap(({ check, repairs }) => repairs.map((done) => ({ check, done }))),
  };
}

/** What needs nobody comes first, so that what does is above the prompt. */
export function doctorText({ network, results }: DoctorReport, style: Style): string {
  const names = [...results.filter(isShown).map(({ check }) => check), 'skipped'];
  const column = Math.max(...names.map((name) => name.length)) + 2;
  const line = (mark: string, name: string, text: string) => `${mark} ${name.padEnd(column)}${text}`;
  const good = results.flatMap(({ check, findings }) =>
    findings.filter(({ status }) => status === 'ok').map(({ why }) => line(style.green('✓'), check, why)),
  );
  const skipped = skippedLines(results).map((text) => line(style.dim('-'), 'skipped', text));
  const repairs = results.flatMap((result) =>
    result.repairs.map((done) => line(style.green('+'), result.check, `fixed: ${done}`)),
  );
  const problems = results.flatMap(({ check, findings }) =>
    findings.flatMap((finding) => {
      const mark = markOf(finding, style);
      return mark === undefined ? [] : [line(mark, check, finding.why), ...adviceLines(finding, column + 2)];
    }),
  );
  const blocks = [[`network ${network}`], [...good, ...skipped], repairs, problems];
  const shown = blocks.filter((block) => block.length > 0).map((block) => block.join('\n'));
  return [...shown, verdict(results)].join('\n\n');
}

function markOf({ status }: Finding, style: Style): string | undefined {
  if (status === 'failure') return style.red('✗');
  return status === 'warning' ? style.yellow('!') : undefined;
}

const isShown = ({ findings, repairs }: CheckResult) =>
  repairs.length > 0 || findings.some(({ status }) => status !== 'skipped');

function adviceLines({ fix, details = [] }: Finding, indent: number): string[] {
  const space = ' '.repeat(indent);
  return [
    ...(fix === undefined ? [] : [`${space}→ ${fix}`]),
    // To be copied, so they stay as they are.
    ...details.map((detail) => `${space}  ${detail}`),
  ];
}

/** Checks that were skipped for the same reason share a line. */
function skippedLines(results: CheckResult[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { check, findings } of results) {
    for (const { status, why } of findings) {
      if (status === 'skipped') reasons.set(why, [...(reasons.get(why) ?? []), check]);
    }
  }
  return [...reasons].map(([why, checks]) => `${checks.join(', ')}: ${why}`);
}

function countsOf(results: CheckResult[]): { failures: number; warnings: number } {
  const count = (wanted: CheckStatus) =>
    results.flatMap(({ findings }) => findings).filter(({ status }) => status === wanted).length;
  return { failures: count('failure'), warnings: count('warning') };
}

function verdict(results: CheckResult[]): string {
  const { failures, warnings } = countsOf(results);
  if (failures + warnings === 0) return 'Nothing is wrong.';
  const counts = [
    ...(failures > 0 ? [countText(failures, 'failure')] : []),
    ...(warnings > 0 ? [countText(warnings, 'warning')] : []),
  ].join(', ');
  const repairable = results.some(({ findings }) => findings.some(({ repair }) => repair !== undefined));
  return repairable ? `${counts}; \`wasm-sensors doctor --fix\` repairs what is safe to repair.` : `${counts}.`;
}

/** Whether something fails. */
export const hasFailures = ({ results }: DoctorReport): boolean => countsOf(results).failures > 0;
