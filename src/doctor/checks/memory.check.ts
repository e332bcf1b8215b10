import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { type Check, type Finding, notNeeded, ok, problem, skipped } from '../check.js';

export const memory: Check = {
  name: 'memory',
  run(context) {
    const { needs, up, settings } = context;
    if (up) return skipped('`up` runs and has its memory');
    if (!needs) return notNeeded(context);
    return judgeMemory(availableMb(), needs.memoryMb, settings.values.nodes);
  },
};

/** `nodes`: in each region. */
export function judgeMemory(availableMb: number, neededMb: number, nodes: number): Finding[] {
  if (availableMb >= neededMb) return ok(`${availableMb} MB available; about ${neededMb} MB are needed`);
  const why = `${availableMb} MB are available; about ${neededMb} MB are needed`;
  const fewer = nodes > 1 ? ', or use fewer --nodes' : '';
  // Systems swap and reclaim: only far too little is a failure.
  const status = availableMb * 2 < neededMb ? 'failure' : 'warning';
  return [problem(status, why, `Stop other programs${fewer}.`)];
}

/** Of the machine, or of the control group that this process is in. */
function availableMb(): number {
  return Math.floor(Math.min(freemem(), groupAvailable() ?? Number.POSITIVE_INFINITY) / 1e6);
}

/** Linux, control groups of version 2 and 1: limit, use, and the part of the use that is freed when it is needed. */
const GROUP_FILES = [
  ['memory.max', 'memory.current', 'inactive_file'],
  ['memory/memory.limit_in_bytes', 'memory/memory.usage_in_bytes', 'total_inactive_file'],
] as const;

function groupAvailable(): number | undefined {
  const read = (name: string) => readFileSync(`/sys/fs/cgroup/${name}`, 'utf8');
  for (const [limit, used, cache] of GROUP_FILES) {
    try {
      const stat = read(limit.replace(/[\w.]+$/, 'memory.stat'));
      const cached = Number(new RegExp(`^${cache} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
      const bytes = Number(read(limit)) - Number(read(used)) + cached;
      // Without a limit there is the word `max`, or a number beyond any machine.
      if (Number.isFinite(bytes)) return bytes;
    } catch {
      // Another version, or another system.
    }
  }
  return undefined;
}
