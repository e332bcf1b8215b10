/** What sensors make of a YAML file, from one that reads it and sends nothing anywhere. */

import { modulePath } from '../modules/module-files.js';
import { createSensorHost } from './sensor-host.js';
import { loadModule } from './sensor-module.js';
import type { HttpTransport } from './transport.js';

const TARGET = '/sensor.yaml';

/** Why sensors would not use the file, such as `line 2: unknown key`; undefined when they would. */
export async function problemOfFile(
  file: string,
  publisher: string = modulePath('publisher'),
): Promise<string | undefined> {
  const accepted = { result: 0 as const, status: 200, headers: '', body: Buffer.from('{}') };
  const transport: HttpTransport = {
    send(_, done) {
      setImmediate(() => done(accepted));
      return { close() {} };
    },
    close: async () => {},
  };
  const host = createSensorHost({ transport });
  const spec = {
    args: ['--proxy=http://127.0.0.1', '--max-messages=1', `--config=${TARGET}`],
    env: {},
    region: '',
    mounts: [{ target: TARGET, source: file }],
  };
  const module = await loadModule(publisher);
  const lines = await new Promise<readonly string[]>((resolve) => {
    const guest = host.start(module, spec, () => resolve(guest.lastLines));
  });
  await host.close();
  return lines
    .map((line) => /is not used: (.*)\. The last good/.exec(line)?.[1])
    .find((reason) => reason !== undefined);
}
