/** Texts of `deploy module` and `stop module`, and of modules in `status`. */
import { escapeControls } from '../../lib/control-characters.js';
import { type ExecutionInfo, type JobInfo, newestByNode } from '../../network/network.js';
import type { DeployModuleResult } from '../../operations/deploy/deploy-module.js';
import { pendingLines, unchangedText } from './deploy-text.js';
import { eventText } from './event-text.js';
import { table } from './table.js';
import { partsText, secondsText } from './terminal-text.js';

export function deployModuleText(result: DeployModuleResult): string {
  const { name, module, downloaded, regions, running, completed, facts, seconds } = result;
  const nodes = regions.reduce((sum, region) => sum + region.nodes, 0);
  const counts = partsText(
    (running > 0 || completed === 0) && `${running}/${nodes} running`,
    completed > 0 && `${completed}/${nodes} completed without an error`,
  );
  return [
    `${name}: ${sizeText(module.bytes)}, ${useText(module)}${downloaded ? '; nodes download it from the proxy' : ''}`,
    ...new Set(facts.map(eventText)),
    ...pendingLines(regions),
    `${counts} (${secondsText(seconds)})${unchangedText(regions)}`,
  ].join('\n');
}

/** What a module may use, by the names of the WASI functions that it imports. */
const USES: [RegExp, string][] = [
  [/^clock_|^poll_oneoff$/, 'time'],
  [/^random_get$/, 'random numbers'],
  [/^environ_/, 'its environment'],
  [/^args_/, 'its parameters'],
  [/^path_/, 'files'],
];

function useText({ wasi, http }: DeployModuleResult['module']): string {
  const uses = USES.filter(([pattern]) => wasi.some((name) => pattern.test(name))).map(([, use]) => use);
  if (http) uses.unshift('HTTP requests');
  return uses.length === 0 ? 'uses nothing of the node' : `may use ${uses.join(', ')}`;
}

const sizeText = (bytes: number): string =>
  bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

export const stopModuleText = ({ name, stopped }: { name: string; stopped: string[] }): string =>
  stopped.length === 0 ? `${name} was not running` : `${name}: stopped in ${stopped.join(', ')}`;

/** One line a module, over its regions. */
export function moduleTable(jobs: JobInfo[]): string | undefined {
  const modules = jobs.filter(({ ref, state }) => ref.role === 'module' && state !== 'stopped');
  const names = [...new Set(modules.map(({ ref }) => ref.name ?? ''))];
  if (names.length === 0) return undefined;
  const rows = names.map((name) => {
    const own = modules.filter(({ ref }) => ref.name === name);
    const executions = own.flatMap((job) => newestByNode(job.executions).newest);
    const last = executions.find(({ message }) => message !== '');
    return {
      name,
      regions: own.map(({ ref }) => ref.region ?? 'all').join(', '),
      count: (state: ExecutionInfo['state']) => String(executions.filter((one) => one.state === state).length),
      output: last === undefined ? '' : `${last.node}: ${escapeControls(last.message)}`,
    };
  });
  return table(rows, [
    { head: 'module', of: ({ name }) => name },
    { head: 'regions', rank: 1, least: 8, of: ({ regions }) => regions },
    { head: 'running', right: true, of: ({ count }) => count('running') },
    { head: 'completed', right: true, of: ({ count }) => count('completed') },
    { head: 'failed', right: true, of: ({ count }) => count('failed') },
    { head: 'last output', rank: 2, least: 8, of: ({ output }) => output },
  ]).join('\n');
}
