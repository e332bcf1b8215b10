/** The state folder: whose it is, who can read its secrets, and which of its files are damaged. */
import { accessSync, chmodSync, constants, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { readIfExists } from '../../lib/fs/durable-files.js';
import { readToken, refuseWritable } from '../../lib/net/bearer-token.js';
import { DesiredConfigStore } from '../../proxy/desired-config-store.js';
import { RevokedHosts } from '../../proxy/revoked-hosts.js';
import { quarantineDamagedState, readRunState } from '../../runtime/run-state.js';
import { readSensorKeys } from '../../runtime/sensor-key.js';
import { type Finding, findingOf, ok, type Part, problem, skipped } from '../check.js';
import { nearestFolder } from './machine.js';

/** Permissions of the group and of everybody: any, and to read. */
const OTHERS = 0o077;
const OTHERS_READ = 0o044;

export const stateFolder: Part = ({ stateDir }) => {
  // `up` makes what is missing.
  const folder = nearestFolder(stateDir);
  if (!statSync(folder).isDirectory()) {
    const why = `${folder} is a file, and a folder is needed there`;
    return [problem('failure', why, 'Move it away, or use another folder with --state-dir.')];
  }
  const foreign = folder === stateDir ? foreignFile(stateDir) : undefined;
  if (foreign !== undefined) return [foreignProblem(foreign, stateDir)];
  if (!allows(folder, constants.W_OK)) {
    const why = `${stateDir} can't be written: this user has no right to write in ${folder}`;
    return [
      problem('failure', why, `Allow it with \`chmod u+rwx ${folder}\`, or use another folder with --state-dir.`),
    ];
  }
  if (folder !== stateDir) return ok(`${stateDir} is not there yet; \`up\` makes it`);
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
    ...findDamage(() => readToken(join(stateDir, 'token'))),
    ...findDamage(() => readSensorKeys(stateDir)),
    ...(hasSecrets('.env') ? [...findDamage(() => refuseWritable('.env')), ...findReadable('.env')] : []),
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

/** Files without which no `up` starts. It repairs stores itself, and moves damaged jobs away. */
export const stateFiles: Part = ({ stateDir }) => {
  if (!statSync(stateDir, { throwIfNoEntry: false })?.isDirectory()) return skipped('there is no state folder');
  const runState = findDamage(() => readRunState(stateDir)).map((finding) => ({
    ...finding,
    fix: '`wasm-sensors doctor --fix` moves it away; `wasm-sensors down` also stops what still runs.',
    repair: () => `moved run.json to ${quarantineDamagedState(stateDir)}`,
  }));
  const found = [
    ...runState,
    // These stop the proxy: their content may be worth saving, so nothing moves them by itself.
    ...findDamage(() => new DesiredConfigStore(join(stateDir, 'desired.json'))),
    ...findDamage(() => new RevokedHosts(join(stateDir, 'revoked-sensors.json'))),
  ];
  return found.length > 0 ? found : ok('no file is damaged');
};

/** What reading a file throws; nothing where it throws nothing. */
function findDamage(read: () => unknown): Finding[] {
  try {
    read();
    return [];
  } catch (error) {
    return [findingOf(error)];
  }
}
