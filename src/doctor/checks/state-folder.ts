/** The state folder: whose it is, who can read its secrets, and what a killed `up` left there. */
import { accessSync, chmodSync, constants, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../lib/errors/app-error.js';
import { readIfExists } from '../../lib/fs/durable-files.js';
import { readToken, refuseWritable } from '../../lib/net/bearer-token.js';
import { isAlive } from '../../lib/process/process-id.js';
import { removeOrphans } from '../../runtime/orphans.js';
import { readSensorKeys } from '../../runtime/sensor-key.js';
import { findUpAndChildren } from '../../runtime/up-children.js';
import { type Finding, findFailure, ok, type Part, problem } from '../check.js';
import { nearestFolder } from './machine.js';

/** Permissions of the group and of everybody: any, and to read. */
const OTHERS = 0o077;
const OTHERS_READ = 0o044;

export const stateFolder: Part = ({ stateDir }) => {
  if (!existsSync(stateDir)) return findParentProblem(stateDir) ?? ok(`${stateDir} is not there yet; \`up\` makes it`);
  if (!statSync(stateDir).isDirectory()) {
    throw new AppError('STATE_UNWRITABLE', `${stateDir} is a file, and a folder is needed there`, {
      hint: 'Move it away, or use another folder with --state-dir.',
    });
  }
  const foreign = foreignFile(stateDir);
  if (foreign !== undefined) return [foreignProblem(foreign, stateDir)];
  if (!allows(stateDir, constants.W_OK)) {
    return [problem('failure', `${stateDir} can't be written`, `Allow it with \`chmod u+rwx ${stateDir}\`.`)];
  }
  return (modeOf(stateDir) & OTHERS) === 0 ? ok(stateDir) : [opened(stateDir)];
};

/** Windows has no such permissions, and reports all of them. */
const modeOf = (path: string): number =>
  process.platform === 'win32' ? 0 : (statSync(path, { throwIfNoEntry: false })?.mode ?? 0);

const opened = (stateDir: string): Finding => ({
  ...problem('warning', `${stateDir} is open to other users`, `Close it with \`chmod 700 ${stateDir}\`.`),
  repair() {
    chmodSync(stateDir, 0o700);
    return `closed ${stateDir} to other users`;
  },
});

function findParentProblem(stateDir: string): Finding[] | undefined {
  const parent = nearestFolder(stateDir);
  if (!statSync(parent).isDirectory()) {
    const why = `${parent} is a file, and a folder is needed there`;
    return [problem('failure', why, 'Use another folder with --state-dir.')];
  }
  if (allows(parent, constants.W_OK)) return undefined;
  const why = `${stateDir} can't be made: this user may not write in ${parent}`;
  return [problem('failure', why, 'Use another folder with --state-dir, or go to a folder of your own.')];
}

/** Whether this user has a right to a folder, and may search it. Root has it everywhere but on a read-only file system. */
function allows(folder: string, right: number): boolean {
  try {
    accessSync(folder, right | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The folder, or what is directly in it, where it belongs to another user. */
function foreignFile(stateDir: string): { path: string; uid: number } | undefined {
  const own = process.getuid?.();
  if (own === undefined) return undefined;
  const names = allows(stateDir, constants.R_OK) ? readdirSync(stateDir) : [];
  for (const path of [stateDir, ...names.map((name) => join(stateDir, name))]) {
    const uid: number = lstatSync(path, { throwIfNoEntry: false })?.uid ?? own;
    if (uid !== own) return { path, uid };
  }
  return undefined;
}

function foreignProblem({ path, uid }: { path: string; uid: number }, stateDir: string): Finding {
  const { username } = userInfo();
  const why = `${path} belongs to another user (id ${uid}), such as after \`sudo wasm-sensors\``;
  const fix = `Take it over with \`sudo chown -R ${username} ${stateDir}\`, or use another folder with --state-dir.`;
  // Root reads and writes it all the same, but leaves files that the other user can't use.
  return problem(process.getuid?.() === 0 ? 'warning' : 'failure', why, fix);
}

/** What is in files with secrets, and who can read or write them. */
export const secretFiles: Part = ({ stateDir }) => {
  const files = ['token', 'sensor-key', 'remote/secrets.json'].map((name) => join(stateDir, name));
  const found = [
    // One that others could write may hold a token of theirs: nobody but its owner can say whether it is still good.
    ...findFailure(() => readToken(join(stateDir, 'token'))),
    ...findFailure(() => readSensorKeys(stateDir)),
    ...(hasSecrets('.env') ? [...findFailure(() => refuseWritable('.env')), ...findReadable('.env')] : []),
    ...files.flatMap((path) => findReadable(path).map((finding) => ({ ...finding, repair: () => close(path) }))),
  ];
  return found.length > 0 || !existsSync(stateDir) ? found : ok('only this user can read its secrets');
};

function findReadable(path: string): Finding[] {
  if ((modeOf(path) & OTHERS_READ) === 0) return [];
  const why = `${path}: other users can read this file, which holds secrets`;
  return [problem('warning', why, `Close it with \`chmod 600 ${path}\`.`)];
}

function close(path: string): string {
  chmodSync(path, 0o600);
  return `closed ${path} to other users`;
}

const SECRET = /^[ \t]*(?:export[ \t]+)?\w*(?:SECRET|TOKEN|PASSWORD|PAT|SENSOR_KEY|API_KEY)\w*[ \t]*=[ \t]*\S/m;

const hasSecrets = (path: string): boolean => SECRET.test(readIfExists(path) ?? '');

/** Processes of an `up` that was killed. */
export const orphans: Part = ({ stateDir, state }) => {
  if (state?.alive) return ok(`\`up\` runs (pid ${state.up.pid})`);
  const { up, children } = findUpAndChildren(stateDir);
  if (up) {
    const why = `an \`up\` runs here (pid ${up.pid}), and its run.json is gone`;
    return [problem('failure', why, 'Stop it with `wasm-sensors down`.')];
  }
  const recorded = state?.children.filter(isAlive) ?? [];
  const left = new Map([...recorded, ...children].map((id) => [id.pid, id]));
  if (left.size > 0) {
    const names = [...left.values()].map(({ name, pid }) => `${name} (pid ${pid})`).join(', ');
    return [removable(stateDir, `a killed \`up\` left ${names}`)];
  }
  return state ? [removable(stateDir, 'a killed `up` left its run.json, and nothing that runs')] : [];
};

function removable(stateDir: string, why: string): Finding {
  return {
    ...problem('warning', why, 'The next `wasm-sensors up` removes it; `wasm-sensors down` does so now.'),
    async repair() {
      const { removed, kept } = await removeOrphans(stateDir, { everyKind: true });
      const still = kept.length > 0 ? `; could not remove ${kept.join(', ')}` : '';
      return `${removed.length > 0 ? `stopped ${removed.join(', ')}` : 'removed run.json'}${still}`;
    },
  };
}
