/** The state folder: whether it can be used, who can read its secrets, and which of its files are damaged. */
import { accessSync, chmodSync, constants, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readIfExists } from '../../lib/fs/durable-files.js';
import { readToken, refuseWritable } from '../../lib/net/bearer-token.js';
import { desiredConfigStore } from '../../proxy/desired-config-store.js';
import { revocations } from '../../proxy/revoked-hosts.js';
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
  try {
    // Root may everywhere but on a read-only file system.
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    const why = `${stateDir} can't be written: this user has no right to write in ${folder}`;
    return [
      problem('failure', why, `Allow it with \`chmod u+rwx ${folder}\`, or use another folder with --state-dir.`),
    ];
  }
  if (folder !== stateDir) return ok(`${stateDir} is not there yet; \`up\` makes it`);
  if ((modeOf(stateDir) & OTHERS) === 0) return ok(stateDir);
  return [openFinding(stateDir, '700', `${stateDir} is open to other users`)];
};

/** Windows has no such permissions, and reports all of them. */
const modeOf = (path: string): number =>
  process.platform === 'win32' ? 0 : (statSync(path, { throwIfNoEntry: false })?.mode ?? 0);

/** What others can use; `--fix` closes it. */
const openFinding = (path: string, mode: string, why: string): Finding => ({
  ...problem('warning', why, `Close it with \`chmod ${mode} ${path}\`.`),
  repair() {
    chmodSync(path, mode);
    return `closed ${path} to other users`;
  },
});

/** What is in files with secrets, and who can read or write them. */
export const secretFiles: Part = ({ stateDir }) => {
  const files = ['token', 'sensor-key', 'remote/secrets.json'].map((name) => join(stateDir, name));
  const found = [
    // One that others could write may hold a token of theirs: nobody but its owner can say whether it is still good.
    ...findDamage(() => readToken(join(stateDir, 'token'))),
    ...findDamage(() => readSensorKeys(stateDir)),
    ...(hasSecrets('.env') ? findDamage(() => refuseWritable('.env')) : []),
    // The operator's own file, which others may need, is not closed.
    ...(hasSecrets('.env') ? findReadable('.env').map(({ repair, ...finding }) => finding) : []),
    ...files.flatMap(findReadable),
  ];
  return found.length > 0 || !existsSync(stateDir) ? found : ok('only this user can read its secrets');
};

const findReadable = (path: string): Finding[] =>
  (modeOf(path) & OTHERS_READ) === 0
    ? []
    : [openFinding(path, '600', `${path}: other users can read this file, which holds secrets`)];

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
    ...findDamage(() => desiredConfigStore(join(stateDir, 'desired.json'))),
    ...findDamage(() => revocations(join(stateDir, 'revoked-sensors.json'))),
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
