/** The files of a compose network, in one folder that `docker compose` can run without this program. */
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../lib/fs/durable-files.js';
import { packageRoot } from '../../../lib/process/self-command.js';
import { type ComposeOptions, composeDocument } from './compose-document.js';
import { writeJobFiles } from './job-files.js';

const TEMPLATES = join(packageRoot, 'templates');
/** What `templates/Dockerfile` copies into the image. */
const PROGRAM = ['package.json', 'npm-shrinkwrap.json', 'bin', 'dist', 'templates'];

/**
 * Writes `compose.yaml`, `nodes/`, `jobs/` and `shared/`, where existing files stay; resolves with the paths, relative to
 * the folder. Rejects with `MODULE_NOT_BUILT`.
 */
export async function writeNetworkFiles(folder: string, options: ComposeOptions): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  writeFileAtomic(join(folder, 'compose.yaml'), composeDocument(options), 0o644);
  const copied = [...copyFolder('nodes', folder, true), ...copyFolder('shared', folder, false)];
  return ['compose.yaml', ...copied, ...(await writeJobFiles(folder, options.relays))];
}

/** Writes what another machine needs: `.env.template`, and `image/`, a Dockerfile with what it copies. Returns the paths. */
export function writeExtras(folder: string): string[] {
  copyFileSync(join(TEMPLATES, 'env.template'), join(folder, '.env.template'));
  const image = join(folder, 'image');
  for (const name of PROGRAM) cpSync(join(packageRoot, name), join(image, name), { recursive: true });
  copyFileSync(join(TEMPLATES, 'Dockerfile'), join(image, 'Dockerfile'));
  return ['.env.template', 'image/Dockerfile'];
}

function copyFolder(name: string, folder: string, replace: boolean): string[] {
  const target = join(folder, name);
  cpSync(join(TEMPLATES, name), target, { recursive: true, force: replace });
  const files = readdirSync(join(TEMPLATES, name));
  // Users of the containers must be able to read them.
  chmodSync(target, 0o755);
  for (const file of files) chmodSync(join(target, file), 0o644);
  return files.map((file) => join(name, file));
}
