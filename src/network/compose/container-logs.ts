/** What the containers of a network said; kept when they are removed. */
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../lib/fs/durable-files.js';
import { type ComposeCall, compose, type Project } from './compose-project.js';

/** Of each container. */
const LINES = '1000';

/** Beside the logs of `up`. */
export const logFileOf = ({ folder }: Project): string => join(dirname(folder), 'logs', 'containers.log');

/** Writes it anew, each line with its container's name. */
export async function keepLogs(project: Project, call: ComposeCall): Promise<void> {
  const text = await compose(project, ['logs', '--no-color', '--timestamps', '--tail', LINES], call);
  writeFileAtomic(logFileOf(project), `${text}\n`);
}
