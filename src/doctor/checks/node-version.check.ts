import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../lib/errors/app-error.js';
import { packageRoot } from '../../lib/process/self-command.js';
import { type Check, ok, problem } from '../check.js';

export const nodeVersion: Check = {
  name: 'Node',
  run: () => findNodeProblem(process.versions.node, () => import('../../lib/sqlite/driver.js')),
};

/** `load`: loads the stores' database, which has a binary for each platform. */
export async function findNodeProblem(version: string, load: () => Promise<unknown>) {
  const wanted = oldestVersion();
  if (compare(version, wanted) < 0) {
    const why = `this is Node ${version}; ${wanted} or newer is needed`;
    return [problem('failure', why, 'Install a current version from https://nodejs.org.')];
  }
  try {
    await load();
  } catch (error) {
    const why = `the database of the stores does not load on ${process.platform} ${process.arch}: ${messageOf(error).split('\n')[0]}`;
    return [problem('failure', why, 'Install this program again without leaving out optional packages: `npm ci`.')];
  }
  return ok(`${version} on ${process.platform} ${process.arch}`);
}

function oldestVersion(): string {
  const { engines } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  return engines.node.replace('>=', '');
}

function compare(one: string, other: string): number {
  const [a, b] = [one, other].map((text) => text.split('.').map(Number));
  const at = [0, 1].find((i) => a![i] !== b![i]);
  return at === undefined ? 0 : a![at]! - b![at]!;
}
