/** Texts of `deploy` and `stop`, and of modules and versions in `status`. */
import { escapeControls } from '../../lib/control-characters.js';
import { type ExecutionInfo, type JobInfo, newestByNode } from '../../network/network.js';
import type { DeployModuleResult } from '../../operations/deploy/deploy-module.js';
import type { DeployFact, DeployResult, RegionDeployment } from '../../operations/deploy/deploy-publisher.js';
import type { StopResult } from '../../operations/deploy/stop-jobs.js';
import type { PublisherVersion, PublisherVersions } from '../../operations/deploy/versions.js';
import type { KeptReadings } from '../../operations/kept-readings.js';
import { eventText } from './event-text.js';
import { table } from './table.js';
import { countText, partsText, secondsText } from './terminal-text.js';

/** The result as `-o json` shows it: facts are `notes` there. */
export function deployDocument({ facts, seconds, ...result }: DeployResult) {
  return { ...result, notes: deployNotes(facts), seconds };
}

export function deployText({ regions, facts, unaccounted, seconds }: DeployResult): string {
  const seen = regions.reduce((sum, region) => sum + Math.min(region.seen, region.expected), 0);
  const expected = regions.reduce((sum, region) => sum + region.expected, 0);
  const pending = pendingLines(regions);
  const lines = [...deployNotes(facts), ...pending];
  if (expected > 0 || pending.length === 0)
    lines.push(`${seen}/${expected} sensors reporting (${secondsText(seconds)})${unchangedText(regions)}`);
  if (unaccounted > 0) lines.push(`at most ${countText(unaccounted, 'reading')} of the sensors before did not come`);
  return lines.join('\n');
}

type PendingRegion = Pick<RegionDeployment, 'region' | 'pending' | 'kept' | 'unseen'>;

function pendingLines(regions: PendingRegion[]): string[] {
  const waiting = regions.filter(({ pending }) => pending > 0);
  const cut = waiting.flatMap(({ region, kept, unseen }) => {
    if (unseen) return [`pending: ${region} is cut off; it runs there, and is not seen yet`];
    return kept?.readings ? [`pending: ${region} is cut off, its ${keptText(kept)}`] : [];
  });
  const others = waiting
    .filter(({ kept, unseen }) => !kept?.readings && !unseen)
    .map(({ region, pending }) => `${region}: ${pending}`);
  return others.length > 0
    ? [...cut, `pending: disconnected nodes run it when they reconnect (${others.join(', ')})`]
    : cut;
}

export const keptText = ({ sensors, readings }: KeptReadings): string =>
  `${countText(sensors, 'sensor')} ${sensors === 1 ? 'keeps' : 'keep'} up to ${countText(readings, 'reading')}`;

const unchangedText = (regions: { unchanged: boolean }[]): string =>
  regions.every(({ unchanged }) => unchanged) ? '; unchanged, already running' : '';

export const deployNotes = (facts: DeployFact[]): string[] => facts.map(eventText);

export function stopPublisherText({ stopped, quietSeconds, givenUp }: StopResult): string {
  if (stopped.length === 0) return 'no publisher was running';
  const lost = givenUp > 0 ? `; up to ${countText(givenUp, 'reading')} that sensors kept were given up` : '';
  return `stopped in ${stopped.join(', ')}; no reading for ${quietSeconds} s${lost}`;
}

export function deployModuleText(result: DeployModuleResult): string {
  const { name, module, downloaded, regions, running, completed, facts, seconds } = result;
  const nodes = regions.reduce((sum, region) => sum + region.nodes, 0);
  const { bytes, wasi, http } = module;
  const size = bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
  const uses = USES.filter(([pattern]) => wasi.some((word) => pattern.test(word))).map(([, use]) => use);
  if (http) uses.unshift('HTTP requests');
  const use = uses.length === 0 ? 'uses nothing of the node' : `may use ${uses.join(', ')}`;
  const counts = partsText(
    (running > 0 || completed === 0) && `${running}/${nodes} running`,
    completed > 0 && `${completed}/${nodes} completed without an error`,
  );
  return [
    `${name}: ${size}, ${use}${downloaded ? '; nodes download it from the proxy' : ''}`,
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

/** Regions with the same versions are one line: the current one, since when, and the one that `--undo` brings back. */
export function versionLines(versions: PublisherVersions): string[] {
  const regions = new Map<string, string[]>();
  for (const [region, { current, previous }] of Object.entries(versions)) {
    const since = new Date(current.submittedAt).toISOString().replace(/\.\d+Z$/, 'Z');
    const failed = current.works ? '' : ' (has not reported)';
    const before = previous ? `; before: ${flagsText(previous)} (deploy publisher --undo)` : '';
    const text = `${flagsText(current)} since ${since}${failed}${before}`;
    regions.set(text, [...(regions.get(text) ?? []), region]);
  }
  return [...regions].map(([text, of]) => (regions.size > 1 ? `${of.join(', ')}: ${text}` : text));
}

function flagsText({ options, module }: PublisherVersion): string {
  const { config, allow, ...others } = options;
  const flags = Object.entries({ ...config, ...others, allow: allow?.join(','), module: module?.file });
  const words = flags.flatMap(([name, value]) => {
    if (value === undefined || value === '') return [];
    const flag = `--${name.replace(/_|(?=[A-Z])/g, '-').toLowerCase()}`;
    return value === true ? [flag] : [`${flag} ${value}`];
  });
  return words.length > 0 ? words.join(' ') : 'without options';
}
