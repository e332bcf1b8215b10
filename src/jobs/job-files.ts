/**
 * The job documents as files for use by hand (`bacalhau job run -V …`): the templates with their modules inside, and,
 * where they are made for one network, with what it offers as defaults.
 */
import { basename, join } from 'node:path';
import type { Document } from 'yaml';
import { writeFileAtomic } from '../lib/fs/durable-files.js';
import { openTemplate, print, setHeading, setModule, type TemplateName } from './job-template.js';
import type { JobEnvironment } from './render-job.js';

/** Those that work as they are; the job of a module of the user has no module yet. */
export type JobFileName = Exclude<TemplateName, 'module'>;

/** The cluster that the files are made for. */
export interface JobFilesTarget {
  /** Completes "for …" in the heading. */
  name: string;
  /** The part of a command line before `job run`. */
  bacalhau: string;
  /** Variables by job, for the same line. */
  variables: Record<JobFileName, string>;
  /** A command to run first. */
  before?: Partial<Record<JobFileName, string>>;
  adapt?(name: JobFileName, document: Document): void;
}

/** Jobs that need nothing from a node beyond what the templates need. */
export const ANY_CLUSTER: JobFilesTarget = {
  name: 'any Bacalhau cluster',
  bacalhau: 'bacalhau',
  variables: {
    publisher: "-V proxy=http://proxy.example.com:9090 -V color='#00ff88' -V interval=1 -V region=eu",
    'config-updater': "-V proxy=http://proxy.example.com:9090 -V color='#FEFEFE'",
    proxy: '-V queue_url=wasm-sensors-demo',
    puller: '-V queue_url=wasm-sensors-demo',
  },
};

/** Writes one file a role into `folder` (made when missing); resolves with their paths. Rejects with `MODULE_NOT_BUILT`. */
export async function writeJobFiles(
  folder: string,
  readModule: JobEnvironment['module'],
  target: JobFilesTarget,
): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, variables] of Object.entries(target.variables) as [JobFileName, string][]) {
    const document = openTemplate(name);
    if (name === 'publisher' || name === 'config-updater') setModule(document, await readModule(name));
    target.adapt?.(name, document);
    const before = target.before?.[name];
    setHeading(document, [
      `Made by \`wasm-sensors\` from templates/jobs/${name}.yaml, for ${target.name}:`,
      ...(before === undefined ? [] : [`  ${before}`]),
      `  ${target.bacalhau} job run --wait=false ${variables} ${basename(folder)}/${name}.yaml`,
    ]);
    const path = join(folder, `${name}.yaml`);
    writeFileAtomic(path, print(document), 0o644);
    paths.push(path);
  }
  return paths;
}
