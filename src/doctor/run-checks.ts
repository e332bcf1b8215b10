/** Runs all checks, and repairs what they offer to repair. */
import type { Resolved } from '../config/resolve-settings.js';
import { messageOf } from '../lib/errors/app-error.js';
import { type Check, type Finding, runCheck } from './check.js';
import { type CheckContext, openContext } from './check-context.js';
import { bacalhauProgram, cluster } from './checks/bacalhau.js';
import { clock } from './checks/clock.js';
import { docker } from './checks/docker.js';
import { disk, memory, nodeVersion } from './checks/machine.js';
import { networkSettings, nodes, ports, proxyUrl } from './checks/network.js';
import { queueAccess } from './checks/queue.js';
import { stateFiles } from './checks/state-files.js';
import { orphans, secretFiles, stateFolder } from './checks/state-folder.js';

/** Every check, in the order in which it is shown: the machine first, then what builds on it. */
const CHECKS: Check[] = [
  { name: 'machine', parts: [nodeVersion, disk, memory, clock] },
  { name: 'state folder', parts: [stateFolder, stateFiles, secretFiles, orphans] },
  { name: 'network', parts: [networkSettings, ports, proxyUrl, nodes] },
  { name: 'Bacalhau', parts: [bacalhauProgram, cluster] },
  { name: 'Docker', parts: [docker] },
  { name: 'queue', parts: [queueAccess] },
];

export interface CheckResult {
  check: string;
  findings: Finding[];
  /** What `--fix` did; the findings are those after it. */
  repairs: string[];
}

export interface DoctorReport {
  /** Kind of network that was checked. */
  network: string;
  results: CheckResult[];
}

/** `fix`: repairs what is safe, and checks again. */
export async function runChecks(settings: Resolved, fix: boolean): Promise<DoctorReport> {
  const report = await checkAll(settings);
  if (!fix) return report;
  const repairs = new Map<string, string[]>();
  // One after the other: a damaged `run.json` is moved away before what it named is looked for.
  for (const { check, findings } of report.results) repairs.set(check, await repair(findings));
  if ([...repairs.values()].flat().length === 0) return report;
  const { network, results } = await checkAll(settings);
  return { network, results: results.map((result) => ({ ...result, repairs: repairs.get(result.check) ?? [] })) };
}

async function checkAll(settings: Resolved): Promise<DoctorReport> {
  const context: CheckContext = await openContext(settings);
  try {
    const results = CHECKS.map(async (check) => ({
      check: check.name,
      findings: await runCheck(check, context),
      repairs: [],
    }));
    return { network: context.provider.kind, results: await Promise.all(results) };
  } finally {
    context.close();
  }
}

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
