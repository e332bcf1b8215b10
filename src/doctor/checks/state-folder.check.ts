import { accessSync, chmodSync, constants, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '../../lib/errors/app-error.js';
import { type Check, type Finding, ok, problem } from '../check.js';

/** Read, write and search permission of the group and of everybody. */
const OTHERS = 0o077;

export const stateFolder: Check = {
  name: 'state folder',
  run({ stateDir }) {
    if (!existsSync(stateDir))
      return findParentProblem(stateDir) ?? ok(`${stateDir} is not there yet; \`up\` makes it`);
    const { mode } = statSync(stateDir);
    if (!statSync(stateDir).isDirectory()) {
      throw new AppError('STATE_UNWRITABLE', `${stateDir} is a file, and a folder is needed there`, {
        hint: 'Move it away, or use another folder with --state-dir.',
      });
    }
    const foreign = foreignFile(stateDir);
    if (foreign !== undefined) return [foreignProblem(foreign, stateDir)];
    if (!isWritable(stateDir)) {
      return [problem('failure', `${stateDir} can't be written`, `Allow it with \`chmod u+rwx ${stateDir}\`.`)];
    }
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) return [opened(stateDir)];
    return ok(stateDir);
  },
};

function opened(stateDir: string): Finding {
  return {
    ...problem('warning', `${stateDir} is open to other users`, `Close it with \`chmod 700 ${stateDir}\`.`),
    repair() {
      chmodSync(stateDir, 0o700);
      return `closed ${stateDir} to other users`;
    },
  };
}

function findParentProblem(stateDir: string): Finding[] | undefined {
  const parent = existingParent(stateDir);
  if (!statSync(parent).isDirectory()) {
    return [
      problem('failure', `${parent} is a file, and a folder is needed there`, 'Use another folder with --state-dir.'),
    ];
  }
  if (isWritable(parent)) return undefined;
  const why = `${stateDir} can't be made: this user may not write in ${parent}`;
  return [problem('failure', why, 'Use another folder with --state-dir, or go to a folder of your own.')];
}

const existingParent = (path: string): string =>
  existsSync(dirname(path)) ? dirname(path) : existingParent(dirname(path));

/** Root may write everywhere but on a read-only file system. */
function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The folder, or what is directly in it, where it belongs to another user. */
function foreignFile(stateDir: string): { path: string; uid: number } | undefined {
  const own = process.getuid?.();
  if (own === undefined) return undefined;
  const names = isReadable(stateDir) ? readdirSync(stateDir) : [];
  for (const path of [stateDir, ...names.map((name) => join(stateDir, name))]) {
    const owner: number | undefined = lstatSync(path, { throwIfNoEntry: false })?.uid;
    if (owner !== undefined && owner !== own) return { path, uid: owner };
  }
  return undefined;
}

function isReadable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function foreignProblem({ path, uid }: { path: string; uid: number }, stateDir: string): Finding {
  const { username } = userInfo();
  const why = `${path} belongs to another user (id ${uid}), such as after \`sudo wasm-sensors\``;
  const fix = `Take it over with \`sudo chown -R ${username} ${stateDir}\`, or use another folder with --state-dir.`;
  // Root reads and writes it all the same, but leaves files that the other user can't use.
  return problem(process.getuid?.() === 0 ? 'warning' : 'failure', why, fix);
}
