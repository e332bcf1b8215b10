/**
 * The job documents as files for use by hand (`bacalhau job run -V …`): the templates with their modules inside, and,
 * where they are made for one network, with what it offers as defaults.
 */
import { basename, join } from 'node:path';
import type { Document } from 'yaml';
import { writeFileAtomic } from '../lib/fs/durable-files.js';
import { openTemplate, print, setHeading, setModule, type TemplateName } from './job-template.js';
import type { JobEnvironment } from './render-job.js';

/** For whom the files are made. */
export interface JobFilesFor {
  /** Completes "for …" in the heading. */
  whom: string;
  /** What stands before `job run` on a command line. */
  bacalhau: string;
  /** Variables by name, for the same line. */
  hints: Record<TemplateName, string>;
  /** Said before the command. */
  before?: Partial<Record<TemplateName, string>>;
  adapt?(name: TemplateName, document: Document): void;
}

/** Jobs that ask nothing of a node but what the templates do. */
export const ANY_CLUSTER: JobFilesFor = {
  whom: 'any Bacalhau cluster',
  bacalhau: 'bacalhau',
  hints: {
    publisher: "-V proxy=http://proxy.example.com:9090 -V color='#00ff88' -V interval=1 -V region=eu",
    'config-updater': "-V proxy=http://proxy.example.com:9090 -V color='#FEFEFE'",
    proxy: '-V queue_url=wasm-sensors-demo',
    puller: '-V queue_url=wasm-sensors-demo',
  },
};

/** Writes one file a role into `folder` (made when missing); resolves with their paths. Rejects with `MODULE_NOT_BUILT`. */
export async function writeJobFiles(
  folder: string,
  modules: JobEnvironment['module'],
  { whom, bacalhau, hints, before = {}, adapt }: JobFilesFor,
): Promise<string[]> {
  const paths: string[] = [];
  for (const name of Object.keys(hints) as TemplateName[]) {
    const document = openTemplate(name);
    if (name === 'publisher' || name === 'config-updater') setModule(document, await modules(name));
    adapt?.(name, document);
    setHeading(document, [
      `Made by \`wasm-sensors\` from templates/jobs/${name}.yaml, for ${whom}:`,
      ...(before[name] === undefined ? [] : [`  ${before[name]}`]),
      `  ${bacalhau} job run --wait=false ${hints[name]} ${basename(folder)}/${name}.yaml`,
    ]);
    const path = join(folder, `${name}.yaml`);
    writeFileAtomic(path, print(document), 0o644);
    paths.push(path);
  }
  return paths;
}
