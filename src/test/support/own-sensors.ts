/** For tests: a sensor of one's own in each language, made as a user makes it: `init`, one line changed, `build wasm`. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { withFileLock } from '../../lib/fs/file-lock.js';
import { packageRoot } from '../../lib/process/self-command.js';
import type { Language } from '../../modules/init-sensor.js';
import { Sandbox } from './cli-harness.js';

/** The line that the test changes, what it becomes, and the region that runs it. */
interface OwnSensor {
  region: string;
  file: string;
  line: string;
  changed: string;
  /** Put at the start. */
  declared?: string;
}

/** In AssemblyScript, the level rises by a setting of its own: `offset`. */
export const OWN_SENSORS: Record<Language, OwnSensor> = {
  assemblyscript: {
    region: 'us',
    file: 'index.ts',
    line: "values.set('temperature', 20 + random());",
    changed: "values.set('level', 42.5 + offset.value);",
    declared:
      "import { numberSetting } from 'wasm-sensors/sdk';\nconst offset = numberSetting('offset', 0, -10, 10);\n",
  },
  go: {
    region: 'eu',
    file: 'main.go',
    line: 'values["temperature"] = 20 + sensor.Random.Float64()',
    changed: 'values["level"] = 42.5',
  },
  c: {
    region: 'as',
    file: 'main.c',
    line: 'sensor_value("temperature", 20 + sensor_random());',
    changed: 'sensor_value("level", 42.5);',
  },
};

/** Why this machine can't build it; undefined when it can. */
export function compilerMissing(language: Language): string | undefined {
  const works = (program: string, args: string[]) => {
    try {
      return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      return '';
    }
  };
  if (language === 'go') {
    const [, minor = '0'] = /go1\.(\d+)/.exec(works('go', ['version'])) ?? [];
    return Number(minor) >= 21 ? undefined : 'no Go 1.21';
  }
  if (language === 'assemblyscript') return undefined;
  return works('clang', ['--target=wasm32-wasi', '-print-file-name=libclang_rt.builtins-wasm32.a']).includes('/')
    ? undefined
    : 'no clang for WebAssembly';
}

/** Path of the module. Built once for each state of the sources: several test files need it. */
export async function ownSensorPath(language: Language): Promise<string> {
  const folder = join(packageRoot, 'node_modules/.cache/wasm-sensors', `own-${hashOfSources()}`);
  const path = join(folder, `${language}.wasm`);
  mkdirSync(folder, { recursive: true });
  return withFileLock(join(folder, `${language}.lock`), 80_000, async () => {
    if (!existsSync(path)) await make(language, path);
    return path;
  });
}

async function make(language: Language, path: string): Promise<void> {
  const { file, line, changed, declared = '' } = OWN_SENSORS[language];
  const sandbox = new Sandbox();
  try {
    await sandbox.json(['init', 'level-sensor', '--lang', language]);
    const source = join(sandbox.dir, 'level-sensor', file);
    const text = readFileSync(source, 'utf8');
    if (!text.includes(line)) throw new Error(`${file} has no line ${line}`);
    writeFileSync(source, declared + text.replace(line, changed));
    await sandbox.json(['build', 'wasm', 'level-sensor']);
    copyFileSync(join(sandbox.dir, 'level-sensor.wasm'), `${path}.new`);
    renameSync(`${path}.new`, path);
  } finally {
    await sandbox.close();
  }
}

function hashOfSources(): string {
  const hash = createHash('sha256').update(JSON.stringify(OWN_SENSORS));
  for (const folder of ['wasm', 'templates/sensors', 'src/modules']) {
    for (const file of readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' }).sort()) {
      const path = join(packageRoot, folder, file);
      if (statSync(path).isFile()) hash.update(`${file}\0`).update(readFileSync(path));
    }
  }
  return hash.digest('hex').slice(0, 12);
}
