/** A process with those that it has started: a wrapper that is ended leaves the program that it wraps. */
import { execFileSync } from 'node:child_process';

/** Ends a process and its descendants at once; only the process itself where there is no `ps`. */
export function endTree(pid: number): void {
  // Looked at first: whose parent has ended has another parent.
  for (const one of [...descendantsOf(pid), pid]) {
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
}

function descendantsOf(pid: number): number[] {
  const parents = processes();
  const found: number[] = [];
  for (let level = [pid]; level.length > 0; ) {
    level = parents.flatMap(([child, parent]) => (level.includes(parent) ? child : []));
    found.push(...level);
  }
  return found;
}

/** All processes, each with its parent. */
function processes(): [pid: number, parent: number][] {
  try {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
    return lines.map((line) => {
      const [pid, parent] = line.trim().split(/\s+/).map(Number);
      return [pid!, parent!];
    });
  } catch {
    return [];
  }
}
