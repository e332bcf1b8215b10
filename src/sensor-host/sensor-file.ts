/** Reads a sensor's YAML file as sensors do: runs one on it in this process, with requests that go nowhere. */
import { readFileSync } from 'node:fs';
import { AppError } from '../lib/errors/app-error.js';
import { modulePath } from '../modules/module-files.js';
import { findField, type SensorConfig, sensorConfigSchema } from '../protocol/sensor-config.js';
import { type AnyModule, loadModule } from './guest/sensor-module.js';
import type { HttpTransport } from './guest/transport.js';
import { SensorHost } from './sensor-host.js';

const TARGET = '/sensor.yaml';
/** `key: value`, with or without quotes. A file that sensors accept has nothing else besides comments and markers. */
const LINE = /^["']?([\w-]+)["']?\s*:\s+["']?([#\w.-]+)/;

/** Rejects with `BAD_FILE` and the sensor's reason if sensors would refuse the file. */
export async function valuesOfFile(file: string, publisher?: AnyModule): Promise<SensorConfig> {
  const problem = await problemOfFile(file, publisher ?? (await loadModule(modulePath('publisher'))));
  if (problem !== undefined) throw badFile(file, problem);
  const parsed = sensorConfigSchema.safeParse(valuesAsWritten(readFileSync(file, 'utf8')));
  if (!parsed.success) throw badFile(file, 'it changed while it was read');
  return parsed.data;
}

/** Why sensors would refuse the file, such as `line 2: unknown key`; undefined when they would accept it. */
async function problemOfFile(file: string, publisher: AnyModule): Promise<string | undefined> {
  const host = new SensorHost({ transport: acceptingTransport });
  const spec = {
    args: ['--proxy=http://127.0.0.1', '--max-messages=1', `--config=${TARGET}`],
    env: {},
    region: '',
    mounts: [{ target: TARGET, source: file }],
  };
  const lines = await new Promise<readonly string[]>((resolve) => {
    const guest = host.start(publisher, spec, () => resolve(guest.lastLines));
  });
  await host.close();
  return lines
    .map((line) => /^configuration file \S+ rejected: (.*)\. Keeping the last valid values/.exec(line)?.[1])
    .find((reason) => reason !== undefined);
}

const acceptingTransport: HttpTransport = {
  send(_, done) {
    setImmediate(() => done({ result: 0, status: 200, headers: '', body: Buffer.from('{}') }));
    return { close() {} };
  },
  close: async () => {},
};

/** The values in a text that sensors accept, as they are written (wasm/lib/yaml.ts). */
function valuesAsWritten(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.replace(/^\uFEFF/, '').split('\n')) {
    if (line.startsWith('...')) break;
    const [, name = '', value = ''] = LINE.exec(line) ?? [];
    const field = findField(name);
    if (field) values[field] = value;
  }
  return values;
}

const badFile = (file: string, problem: string): AppError =>
  new AppError('BAD_FILE', `sensors do not use ${file}: ${problem}`, {
    hint: 'They keep the last valid values until the file is fixed.',
  });
