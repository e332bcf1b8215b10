/** Writes the job documents for use with plain `bacalhau job run -V ...`: the templates with their modules inside. */
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/files.js';
import type { JobSurroundings } from './render.js';
import { openTemplate, print, setHeading, setModule, type TemplateName } from './template.js';

const NAMES: TemplateName[] = ['publisher', 'config-updater', 'proxy', 'puller'];

/** How each is submitted; every `-V` is optional. */
const VARIABLES: Record<TemplateName, string> = {
  publisher: "-V proxy=http://10.0.0.5:9090 -V color='#00ff88' -V interval=1 -V region=eu",
  'config-updater': "-V proxy=http://10.0.0.5:9090 -V color='#FEFEFE'",
  proxy: '-V queue_url=wasm-sensors-demo',
  puller: '-V queue_url=wasm-sensors-demo',
};

/** Writes one file a role into `folder` (made when missing); resolves with their paths. */
export async function renderJobs(folder: string, modules: JobSurroundings['module']): Promise<string[]> {
  const paths: string[] = [];
  for (const name of NAMES) {
    const document = openTemplate(name);
    if (name === 'publisher' || name === 'config-updater') setModule(document, await modules(name));
    setHeading(document, [
      `Made by \`wasm-sensors render\` from templates/jobs/${name}.yaml. A template for:`,
      `  bacalhau job run --wait=false ${VARIABLES[name]} ${name}.yaml`,
    ]);
    const path = join(folder, `${name}.yaml`);
    writeFileAtomic(path, print(document), 0o644);
    paths.push(path);
  }
  return paths;
}
