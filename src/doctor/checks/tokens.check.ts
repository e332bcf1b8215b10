import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readIfExists } from '../../lib/fs/durable-files.js';
import { readToken, refuseWritable } from '../../lib/net/bearer-token.js';
import { readSensorKeys } from '../../runtime/sensor-key.js';
import { type Check, type Finding, findingOf, ok, problem } from '../check.js';

const OTHERS_READ = 0o044;

/** Files with secrets: what is in them, and who can read or write them. */
export const tokens: Check = {
  name: 'tokens',
  run({ stateDir }) {
    const contents = [
      findRefused(() => readToken(join(stateDir, 'token'))),
      findRefused(() => readSensorKeys(stateDir)),
      ...(hasSecrets('.env') ? [findRefused(() => refuseWritable('.env')), findReadable('.env')] : []),
    ];
    const files = ['token', 'sensor-key', 'remote/secrets.json'].map((name) => join(stateDir, name));
    const found = [...contents, ...files.map(own)].flatMap((finding) => finding ?? []);
    return found.length > 0 ? found : ok('only this user can read them');
  },
};

/** A file that others could write may hold a token of theirs: nobody but its owner can say whether it is still good. */
function findRefused(read: () => unknown): Finding | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return findingOf(error);
  }
}

function findReadable(path: string): Finding | undefined {
  // Windows has no such permissions, and reports all of them.
  const mode = process.platform === 'win32' ? 0 : (statSync(path, { throwIfNoEntry: false })?.mode ?? 0);
  if ((mode & OTHERS_READ) === 0) return undefined;
  const why = `${path}: other users can read this file, which holds secrets`;
  return problem('warning', why, `Close it with \`chmod 600 ${path}\`.`);
}

/** A file that `up` made, which nobody else has to read. */
function own(path: string): Finding | undefined {
  const found = findReadable(path);
  return (
    found && {
      ...found,
      repair() {
        chmodSync(path, 0o600);
        return `closed ${path} to other users`;
      },
    }
  );
}

const SECRET = /^[ \t]*(?:export[ \t]+)?\w*(?:SECRET|TOKEN|PASSWORD|PAT|SENSOR_KEY|API_KEY)\w*[ \t]*=[ \t]*\S/m;

const hasSecrets = (path: string): boolean => SECRET.test(readIfExists(path) ?? '');
