import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { AppError, messageOf, usageError } from '../../core/errors.js';
import { sensorConfigSchema } from '../../core/sensor-config.js';
import { waitFor } from '../../lib/backoff.js';
import type { CommandSpec } from '../command.js';
import { fieldNamed } from '../config-scope.js';
import { timeoutMs, timeoutOption } from '../deploy-options.js';
import { openSession, type Session } from '../session.js';

export const configEdit: CommandSpec = {
  name: 'config edit <region>',
  summary: "open the region's YAML file in $EDITOR; its sensors apply it when it is saved",
  modes: ['text', 'json'],
  settings: ['stateDir', 'pullerUrl'],
  options: [timeoutOption(30)],
  async action({ out, settings, options, args }) {
    const region = args[0]!;
    const session = openSession(settings);
    const network = await session.network();
    const regions = [...new Set((await network.nodes()).map((node) => node.region).filter(Boolean))];
    if (!regions.includes(region))
      throw usageError(
        'NO_SUCH_REGION',
        `there is no region ${JSON.stringify(region)}`,
        `Regions: ${regions.join(', ')}.`,
      );
    const file = network.configFile?.(region).here;
    if (file === undefined) {
      throw new AppError('NOT_OFFERED', 'user', `the files of a ${network.kind} network's nodes are out of reach`, {
        hint: 'Use `wasm-sensors config set` instead.',
      });
    }
    const before = readFileSync(file, 'utf8');
    await edit(file);
    const after = readFileSync(file, 'utf8');
    if (after === before) {
      out.result({ file, changed: false }, () => `${file} was not changed`);
      return 0;
    }
    check(file, after, before);
    const seen = await filesRead(session, region, timeoutMs(options), (text) => out.progress(text));
    out.result({ file, changed: true, ...seen }, () => `${seen.ok}/${seen.sensors} sensors of ${region} read ${file}`);
    return seen.ok === seen.sensors ? 0 : 1;
  },
};

/** Runs the editor on this terminal; `EDITOR` may hold arguments. */
function edit(file: string): Promise<void> {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi';
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    child.once('error', (error) =>
      reject(new AppError('EDITOR_FAILED', 'user', `can't run the editor ${editor}: ${messageOf(error)}`)),
    );
    child.once('exit', (code) =>
      code === 0
        ? resolve()
        : reject(
            new AppError('EDITOR_FAILED', 'user', `the editor ${editor} ended with ${code}`, { hint: 'Set EDITOR.' }),
          ),
    );
  });
}

/** A file that sensors would refuse is taken back, and kept beside it. */
function check(file: string, text: string, before: string): void {
  try {
    const value = (parse(text) ?? {}) as Record<string, unknown>;
    sensorConfigSchema.parse(
      Object.fromEntries(Object.entries(value).map(([name, given]) => [fieldNamed(name), given])),
    );
  } catch (error) {
    writeFileSync(`${file}.refused`, text);
    writeFileSync(file, before);
    throw usageError(
      'BAD_FILE',
      `sensors could not use this file: ${messageOf(error)}`,
      `The file is as it was; yours is ${file}.refused.`,
    );
  }
}

/** Sensors look at their file once a second, and report its state with their next readings. */
async function filesRead(session: Session, region: string, timeout: number, progress: (text: string) => void) {
  const since = Date.now() + 1500;
  let ok = 0;
  let sensors = 0;
  await waitFor(
    async () => {
      const own = (await session.fleet.snapshot()).sensors.filter(
        (s) => s.region === region && (s.state === 'live' || s.state === 'paused'),
      );
      sensors = own.length;
      ok = own.filter((s) => s.last_seen > since && s.config?.file === 'ok').length;
      progress(`${ok}/${sensors} sensors have read it`);
      return ok === sensors ? true : undefined;
    },
    { timeoutMs: timeout, everyMs: 200 },
  );
  return { ok, sensors };
}
