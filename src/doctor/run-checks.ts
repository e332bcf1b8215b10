/** Runs all checks, and repairs what they offer to repair. */
import type { Resolved } from '../config/resolve-settings.js';
import { messageOf } from '../lib/errors/app-error.js';
import {
  type CheckContext,
  type CheckStatus,
  type Finding,
  ok,
  openContext,
  type Part,
  runPart,
  skipped,
} from './check.js';
import { disk, memory, platform } from './checks/machine.js';
import { networkSettings, ports } from './checks/network.js';
import { bacalhauProgram, cluster, docker } from './checks/programs.js';
import { queueAccess } from './checks/queue.js';
import { secretFiles, stateFiles, stateFolder } from './checks/state.js';
import { storeAccess } from './checks/store.js';

/** Every check with its parts, in the order in which it is shown: the machine first, then what builds on it. */
const CHECKS: Record<string, Part[]> = {
  machine: [platform, disk, memory],
  'state folder': [stateFolder, stateFiles, secretFiles],
  network: [networkSettings, ports],
  Bacalhau: [bacalhauProgram, cluster],
  Docker: [docker],
  queue: [queueAccess],
  store: [storeAccess],
};

export interface CheckResult {
  check: string;
  findings: Finding[];
  /** What `--fix` did; the findings are those after it. */
  repairs: string[];
}

export interface DoctorReport {
  network: string;
  results: CheckResult[];
}

/** `fix`: repairs what is safe, and checks again. */
export async function runChecks(settings: Resolved, fix: boolean): Promise<DoctorReport> {
  const report = await checkAll(settings);
  const repairs = report.results.map(({ findings }) => (fix ? findings.flatMap(repair) : []));
  if (repairs.flat().length === 0) return report;
  const { network, results } = await checkAll(settings);
  return { network, results: results.map((result, index) => ({ ...result, repairs: repairs[index] ?? [] })) };
}

async function checkAll(settings: Resolved): Promise<DoctorReport> {
  const context = await openContext(settings);
  const results = Object.entries(CHECKS).map(async ([check, parts]) => {
    return { check, findings: await runCheck(parts, context), repairs: [] };
  });
  return { network: context.provider.kind, results: await Promise.all(results) };
}

/** What the parts find, each thing once. A check is skipped where all of its parts are. */
async function runCheck(parts: Part[], context: CheckContext): Promise<Finding[]> {
  const found = (await Promise.all(parts.map((part) => runPart(part, context)))).flat();
  const whysOf = (status: CheckStatus) => new Set(found.flatMap((one) => (one.status === status ? one.why : [])));
  const good = [...whysOf('ok')].flatMap(ok);
  const problems = found.filter(({ status }) => status === 'warning' || status === 'failure');
  if (good.length + problems.length === 0) return skipped([...whysOf('skipped')].join('; '));
  return [...good, ...problems];
}

function repair({ repair: act, why }: Finding): string[] {
  try {
    return act ? [act()] : [];
  } catch (error) {
    return [`could not repair "${why}": ${messageOf(error)}`];
  }
}
