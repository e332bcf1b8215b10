/** Files of the state folder that are damaged. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quarantine } from '../../lib/fs/quarantine.js';
import { findFileDamage } from '../../lib/sqlite/database-file.js';
import { DesiredConfigStore } from '../../proxy/desired-config-store.js';
import { RevokedHosts } from '../../proxy/revoked-hosts.js';
import { quarantineDamagedState, readRunState } from '../../runtime/run-state.js';
import { areJobsDamaged } from '../../sensor-host/jobs-file.js';
import { type Finding, findFailure, ok, type Part, problem, skipped } from '../check.js';
import type { CheckContext } from '../check-context.js';

/** A quick check of a larger file takes seconds. */
const CHECKED_UP_TO = 1_000_000_000;

export const stateFiles: Part = (context) => {
  const { stateDir } = context;
  if (!existsSync(stateDir) || !statSync(stateDir).isDirectory()) return skipped('there is no state folder');
  const found = [
    ...findRunState(stateDir),
    ...findJobs(stateDir),
    // These stop the proxy: their content may be worth saving, so nothing moves them by itself.
    ...findFailure(() => new DesiredConfigStore(join(stateDir, 'desired.json'))),
    ...findFailure(() => new RevokedHosts(join(stateDir, 'revoked-sensors.json'))),
    ...['queue.db', 'readings.db'].flatMap((name) => findStore(join(stateDir, name), context)),
    ...findOldDamage(stateDir),
  ];
  return found.length > 0 ? found : ok('no file is damaged');
};

const findRunState = (stateDir: string): Finding[] =>
  findFailure(() => readRunState(stateDir)).map((finding) => ({
    ...finding,
    fix: '`wasm-sensors doctor --fix` moves it away and stops what still runs; `wasm-sensors down` does the same.',
    repair: () => `moved run.json to ${quarantineDamagedState(stateDir)}`,
  }));

function findJobs(stateDir: string): Finding[] {
  const file = join(stateDir, 'embedded-jobs.json');
  if (!areJobsDamaged(file)) return [];
  const why = `${file} is damaged: the sensors of a killed \`up\` can't be started again`;
  const fix = '`wasm-sensors doctor --fix` moves it away; then deploy again what should run.';
  return [{ ...problem('failure', why, fix), repair: () => `moved embedded-jobs.json to ${quarantine(file)}` }];
}

/** `up` repairs stores itself, and keeps the damaged file. */
function findStore(path: string, { up }: CheckContext): Finding[] {
  const damage = findFileDamage(path, { readOnly: true, checkedUpTo: CHECKED_UP_TO });
  if (damage === undefined) return [];
  const fix = up
    ? 'The service that has it writes it anew; `wasm-sensors status` shows when.'
    : '`wasm-sensors up` keeps the damaged file and takes over every row that can be read.';
  return [problem('warning', `${path} is damaged: ${damage}`, fix)];
}

/** What was quarantined before: nobody reads it again, and it takes up the disk. */
function findOldDamage(stateDir: string): Finding[] {
  const names = readdirSync(stateDir).filter((name) => /\.damaged(-\d+)?$/.test(name));
  if (names.length === 0) return [];
  const files = names.map((name) => join(stateDir, name));
  const why = `${names.join(', ')}: damaged earlier and replaced; nothing reads ${names.length > 1 ? 'them' : 'it'} again`;
  return [problem('warning', why, `When you need nothing of it: \`rm ${files.join(' ')}\`.`)];
}
