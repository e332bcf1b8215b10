import { isAlive } from '../../lib/process/process-id.js';
import { removeAllOrphans } from '../../runtime/orphans.js';
import { readRunState } from '../../runtime/run-state.js';
import { findUpAndChildren } from '../../runtime/up-children.js';
import { type Check, type Finding, ok, problem } from '../check.js';

/** Processes of an `up` that was killed. */
export const orphans: Check = {
  name: 'left-over processes',
  run({ stateDir, up: running }) {
    if (running) return ok(`\`up\` runs (pid ${running.up.pid})`);
    const { up, children } = findUpAndChildren(stateDir);
    if (up) {
      const why = `an \`up\` runs here (pid ${up.pid}), and its run.json is gone`;
      return [problem('failure', why, 'Stop it with `wasm-sensors down`.')];
    }
    const state = readableState(stateDir);
    const recorded = state?.children.filter(isAlive) ?? [];
    const left = new Map([...recorded, ...children].map((id) => [id.pid, id]));
    if (left.size > 0) {
      const names = [...left.values()].map(({ name, pid }) => `${name} (pid ${pid})`).join(', ');
      return [removable(stateDir, `a killed \`up\` left ${names}`)];
    }
    return state ? [removable(stateDir, 'a killed `up` left its run.json, and nothing that runs')] : ok('none');
  },
};

function readableState(stateDir: string) {
  try {
    return readRunState(stateDir);
  } catch {
    // A check of its own reports a damaged file.
    return undefined;
  }
}

function removable(stateDir: string, why: string): Finding {
  return {
    ...problem('warning', why, 'The next `wasm-sensors up` removes it; `wasm-sensors down` does so now.'),
    async repair() {
      const { removed, kept } = await removeAllOrphans(stateDir);
      const still = kept.length > 0 ? `; could not remove ${kept.join(', ')}` : '';
      return `${removed.length > 0 ? `stopped ${removed.join(', ')}` : 'removed run.json'}${still}`;
    },
  };
}
