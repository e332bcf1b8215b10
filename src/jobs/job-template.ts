/**
 * The job documents in `templates/jobs/`: each is a valid YAML document and a valid `bacalhau job run` template. They
 * are parsed, their nodes set and printed again, so that quoting can't break and comments survive.
 */
import { readFileSync } from 'node:fs';
import { type Document, parseDocument } from 'yaml';
import { packageRoot } from '../lib/process/self-command.js';
import type { JobRequest } from './job-request.js';

export function openTemplate(name: JobRequest['role']): Document {
  return parseDocument(readFileSync(`${packageRoot}templates/jobs/${name}.yaml`, 'utf8'));
}

/** Replaces the template's own heading, which is about the template, with one about this file. */
export function setHeading(document: Document, lines: string[]): void {
  document.commentBefore = null;
  const first = (document.contents as { items?: { key?: { commentBefore?: string | null } }[] }).items?.[0]?.key;
  if (first) first.commentBefore = null;
  document.commentBefore = lines.map((line) => ` ${line}`).join('\n');
}

/** As text; long lines (the module is one) are not folded. */
export function print(document: Document): string {
  return document.toString({ lineWidth: 0 });
}

/** The first task's part at `path`. */
export const inTask = (...path: (string | number)[]): (string | number)[] => ['tasks', 0, ...path];

export function setModule(document: Document, module: Uint8Array): void {
  const url = `data:application/wasm;base64,${Buffer.from(module).toString('base64')}`;
  document.setIn(inTask('inputSources', 0, 'source', 'params', 'URL'), url);
}

/** Lets nodes download the module: Bacalhau puts it into the folder of its input, named as in the URL. */
export function setModuleUrl(document: Document, url: string): void {
  const source = { type: 'urlDownload', params: { URL: url } };
  document.setIn(inTask('inputSources', 0), document.createNode({ target: '/app', source }));
  document.setIn(inTask('engine', 'params', 'entryModule'), `/app/${url.split('/').at(-1)}`);
}
