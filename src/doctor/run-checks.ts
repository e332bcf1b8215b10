/** Runs all checks, and repairs what they offer to repair. */
import type { Resolved } from '../config/resolve-settings.js';
import { messageOf } from '../lib/errors/app-error.js';
import { CHECKS } from './all-checks.js';
import { type Check, type Finding, runCheck } from './check.js';
import { type CheckContext, openContext } from './check-context.js';

export interface CheckResult {
  check: string;
  findings: Finding[];
  /** What `--fix` did; the findings are those after it. */
  repairs: string[];
}

export interface DoctorReport {
  /** Kind of network that was looked at. */
  network: string;
  results: CheckResult[];
}

/** `fix`: repairs what is safe, and looks again. */
export async function runChecks(settings: Resolved, fix: boolean): Promise<DoctorReport> {
  const first = await inContext(settings, async (context) => {
    const results = CHECKS.map(async (check) => ({ check, findings: await runCheck(check, context), repairs: [] }));
    return { network: context.provider.kind, results: await Promise.all(results) };
  });
  if (!fix) return reportOf(first.network, first.results);
  const repaired: { check: Check; findings: Finding[]; repairs: string[] }[] = [];
  // One after the other: a damaged `run.json` is moved away before what it named is looked for.
  for (const { check, findings } of first.results) {
    repaired.push({ check, findings, repairs: await repair(findings) });
  }
  return inContext(settings, async (context) => {
    const again = repaired.map(async (result) =>
      result.repairs.length > 0 ? { ...result, findings: await runCheck(result.check, context) } : result,
    );
    return reportOf(first.network, await Promise.all(again));
  });
}

async function inContext<T>(settings: Resolved, work: (context: CheckContext) => Promise<T>): Promise<T> {
  const context = await openContext(settings);
  try {
    return await work(context);
  } finally {
    context.close();
  }
}

const reportOf = (network: string, results: { check: Check; findings: Finding[]; repairs: string[] }[]) => ({
  network,
  results: results.map(({ check, ...result }) => ({ check: check.name, ...result })),
});

async function repair(findings: Finding[]): Promise<string[]> {
  const done: string[] = [];
  for (const { repair: act, why } of findings) {
    if (!act) continue;
    try {
      done.push(await act());
    } catch (error) {
      done.push(`could not repair "${why}": ${messageOf(error)}`);
    }
  }
  return done;
}
