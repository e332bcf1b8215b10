/** What `doctor` found, for people. */
import type { CheckStatus } from '../../doctor/check.js';
import type { CheckResult, DoctorReport } from '../../doctor/run-checks.js';
import { countText, partsText, type Style } from './terminal-text.js';

/** The result as `-o json` shows it. */
export function doctorDocument({ network, results }: DoctorReport) {
  return {
    network,
    ...countsOf(results),
    checks: results.flatMap(({ check, findings }) =>
      findings.map(({ status, code, why, fix, details }) => ({ check, status, code, why, fix, details })),
    ),
    repairs: results.flatMap(({ check, repairs }) => repairs.map((done) => ({ check, done }))),
  };
}

/** What needs nobody comes first, so that what does is above the prompt. */
export function doctorText({ network, results }: DoctorReport, style: Style): string {
  const marks: Partial<Record<CheckStatus, string>> = { failure: style.red('✗'), warning: style.yellow('!') };
  const skipped = skippedTexts(results);
  const shown = results.filter(
    ({ repairs, findings }) => repairs.length > 0 || findings.some((one) => one.status !== 'skipped'),
  );
  const column = Math.max(...[...shown.map(({ check }) => check), 'skipped'].map((name) => name.length)) + 2;
  const line = (mark: string, name: string, text: string) => `${mark} ${name.padEnd(column)}${text}`;
  const space = ' '.repeat(column + 2);
  const good = results.flatMap(({ check, findings }) =>
    findings
      .filter(({ status }) => status === 'ok')
      .map(({ why }, i) => (i === 0 ? line(style.green('✓'), check, why) : space + why)),
  );
  const repaired = results.flatMap(({ check, repairs }) =>
    repairs.map((done) => line(style.green('+'), check, `fixed: ${done}`)),
  );
  const problems = results.flatMap(({ check, findings }) =>
    findings.flatMap(({ status, why, fix, details = [] }) => {
      const mark = marks[status];
      if (mark === undefined) return [];
      // Details are there to be copied, so they stay as they are.
      const advice = [...(fix === undefined ? [] : [`→ ${fix}`]), ...details.map((detail) => `  ${detail}`)];
      return [line(mark, check, why), ...advice.map((text) => space + text)];
    }),
  );
  const unchecked = skipped.map((text) => line(style.dim('-'), 'skipped', text));
  const blocks = [[`network ${network}`], [...good, ...unchecked], repaired, problems, [verdict(results)]];
  return blocks.flatMap((block) => (block.length > 0 ? block.join('\n') : [])).join('\n\n');
}

/** Checks that were skipped for the same reason share a line. */
function skippedTexts(results: CheckResult[]): string[] {
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
  const counts = partsText(
    failures > 0 && countText(failures, 'failure'),
    warnings > 0 && countText(warnings, 'warning'),
  );
  const repairable = results.some(({ findings }) => findings.some(({ repair }) => repair !== undefined));
  return repairable ? `${counts}; \`wasm-sensors doctor --fix\` repairs what is safe to repair.` : `${counts}.`;
}

export const hasFailures = ({ results }: DoctorReport): boolean => countsOf(results).failures > 0;
