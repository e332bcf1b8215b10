import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { AppError, messageOf } from '../../../lib/errors/app-error.js';
import { editConfigFile } from '../../../operations/config/edit-region-file.js';
import { openSession } from '../../../runtime/session.js';
import { command } from '../../command.js';
import { timeoutOption } from '../../options.js';
import { fileSeenText, readProgressText } from '../../output/config-text.js';

export const configEdit = command({
  name: 'config edit <region>',
  summary: "open the region's YAML file in $EDITOR; its sensors apply it when you save it",
  settings: ['stateDir', 'pullerUrl'],
  options: { timeoutMs: timeoutOption(30) },
  async action({ out, settings, options: { timeoutMs }, args: { region } }) {
    const session = openSession(settings);
    const target = { network: await session.network(), fleet: session.fleet };
    const { file, seen } = await editConfigFile(target, region, {
      edit: openEditor,
      timeoutMs,
      onProgress: (progress) => out.progress(readProgressText(progress)),
    });
    out.result({ file, changed: seen !== undefined, ...seen }, () =>
      seen ? fileSeenText(file, region, seen) : `${file} was not changed`,
    );
  },
});

/** Runs the editor on this terminal; `EDITOR` may hold arguments. */
async function openEditor(file: string): Promise<void> {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi';
  const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
  const [code, signal] = await once(child, 'exit').catch((error) => {
    throw editorFailed(`can't run ${editor}: ${messageOf(error)}`);
  });
  if (code === 0) return;
  throw editorFailed(`${editor} exited with ${signal ?? `code ${code}`}`);
}

const editorFailed = (message: string) =>
  new AppError('EDITOR_FAILED', message, { hint: 'Try again, or set EDITOR to another editor.' });
