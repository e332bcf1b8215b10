import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { AppError, messageOf, usageError } from '../../../lib/errors/app-error.js';
import type { SensorConfig } from '../../../protocol/sensor-config.js';
import { openSession } from '../../../runtime/session.js';
import { valuesOfFile } from '../../../sensor-host/file-values.js';
import type { CommandSpec } from '../../command.js';
import { reportFileRead } from '../../config-file.js';
import { timeoutOption } from '../../sensor-options.js';

export const configEdit: CommandSpec = {
  name: 'config edit <region>',
  summary: "open the region's YAML file in $EDITOR; its sensors apply it when it is saved",
  modes: ['text', 'json'],
  settings: ['stateDir', 'pullerUrl'],
  options: [timeoutOption(30)],
  async action(context) {
    const { out, settings, args } = context;
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
    const values = await usableValues(file, after, before);
    await reportFileRead(context, session, { region, file, values }, { changed: true });
    return 0;
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

/** What the file sets. One that sensors would refuse is taken back, and kept beside it. */
async function usableValues(file: string, text: string, before: string): Promise<SensorConfig> {
  try {
    return await valuesOfFile(file);
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'BAD_FILE')) throw error;
    writeFileSync(`${file}.refused`, text);
    writeFileSync(file, before);
    throw usageError(error.code, error.message, `It is as it was; yours is ${file}.refused.`);
  }
}
