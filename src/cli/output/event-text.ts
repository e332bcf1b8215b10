/** Every event of the program as a sentence, and its level in a log. */
import type { LogLevel } from '../../lib/log/log-line.js';
import type { Logger } from '../../lib/log/logger.js';
import type { ChildEvent } from '../../lib/process/supervisor.js';
import type { Salvaged } from '../../lib/sqlite/salvage.js';
import type { ClockEvent } from '../../lib/time/elapsed-clock.js';
import type { NetworkEvent } from '../../network/provider.js';
import type { DeployFact } from '../../operations/deploy/deploy-publisher.js';
import type { PublisherNotice } from '../../operations/deploy/job-owners.js';
import { scopeText } from '../../protocol/desired-config.js';
import type { ConfigEvent } from '../../proxy/config-routes.js';
import type { ProxyEvent } from '../../proxy/send/batcher.js';
import type { PullerEvent, PullerTask } from '../../puller/failure-reporter.js';
import type { ForwardEvent } from '../../relay/forwarder.js';
import type { SensorRefused } from '../../sensor-host/cluster.js';
import type { SensorExit } from '../../sensor-host/job-version.js';
import type { QueueServerEvent } from '../../sqs-server/sqs-server.js';
import { countText, namesText } from './terminal-text.js';

/** The jobs of the embedded network after a restart of its host: one does not run again; their damaged file was moved here. */
export type JobsLost = { type: 'job.lost'; job: string; reason: string } | { type: 'jobs.quarantined'; file: string };

/** A relay takes no readings, and takes them again. */
export type RelayRefuses = { type: 'relay.refusing'; message: string } | { type: 'relay.taking' };

export type UpEvent = ChildEvent | NetworkEvent;
type Event =
  | UpEvent
  | ProxyEvent
  | ConfigEvent
  | ForwardEvent
  | RelayRefuses
  | PullerEvent
  | QueueServerEvent
  | SensorExit
  | SensorRefused
  | JobsLost
  | DeployFact
  | PublisherNotice;
type Texts = { [E in Event as E['type']]: (event: E) => string };

/** What each task of the puller does, after "can't", and after it works again. */
const TASKS: Record<PullerTask, [string, string]> = {
  receive: ['receive from the queue', 'receiving from the queue'],
  accept: ['store readings', 'storing readings'],
  delete: ['delete messages from the queue', 'deleting messages from the queue'],
  'count-dead-letters': ['count the dead letters', 'counting the dead letters'],
  'dead-letter': ['move a message to the dead-letter queue', 'moving messages to the dead-letter queue'],
  checkpoint: ['save the fleet view to the store', 'saving the fleet view to the store'],
  retention: ['delete old readings from the store', 'deleting old readings from the store'],
  'roll-up': ['roll up readings by minute and hour', 'rolling up readings'],
  'check-store': ['keep the store in its place', 'the store is in its place'],
  leases: ['renew the leases of shards', 'renewing the leases of shards'],
  'open-shard': ['open a shard', 'opening shards'],
  divide: ['divide the queue without a shard among the shards', 'dividing it'],
};

const DEBUG = {
  'batch.sent': ({ messages, ms }) => `${countText(messages, 'message')} sent to the queue in ${ms} ms`,
  'request.refused': ({ status, message }) => `refused with ${status}: ${message}`,
  // A single step is not counted.
  'network.progress': ({ step, done, total }) => (total > 1 ? `${step}: ${done}/${total}` : step),
} satisfies Partial<Texts>;

/** They need nobody. */
const INFO = {
  'config.changed'({ scope, set, unset, version }) {
    const values = Object.entries(set).map(([name, value]) => `${name}=${value}`);
    return `configuration (${scopeText(scope)}): ${[...values, ...unset.map((name) => `${name} unset`)].join(', ')} (version ${version})`;
  },
  'region.link': ({ region, connected }) => `${region} was ${connected ? 'reconnected' : 'cut off'} by an operator`,
  'queue.recovered': () => 'sending to the queue again',
  'relay.upstream-recovered': ({ url, backlog }) => `forwarding to ${url}; ${countText(backlog, 'reading')} to go`,
  'relay.taking': () => 'readings are taken again',
  'puller.recovered': ({ task }) => `${TASKS[task][1]} again`,
  'store-restored': ({ path, salvaged }) =>
    `${path} is written back; ${salvaged ? salvagedText(salvaged) : 'nothing is lost'}`,
  'store-writable': ({ path }) => `the disk of ${path} has room again: messages are taken`,
  'clock-corrected': (event) => `the clock is right again: its step of ${stepText(event)} is undone`,
  'clock-step-confirmed': (event) => `the clock's step of ${stepText(event)} has lasted an hour and counts from now on`,
  'sensor.completed': ({ node, job, message }) => `${node}: ${job} completed${message && `: ${message}`}`,
  'child.ready': ({ name }) => `${nameOf(name)} ready`,
  'child.restarted': ({ name, pid }) => `${nameOf(name)} restarted (pid ${pid})`,
  'network.port-moved': ({ purpose, wanted, port }) => `${purpose}: port ${wanted} is in use; using ${port}`,
  'job.restarted': ({ job, nodes }) => `${job} restarted: Bacalhau had given up on ${nodes.join(', ')}`,
  'docker.answering': () => 'containers are watched again: Docker answers',
  'orphan.removed': ({ name }) => `removed ${name}, left behind by a killed \`up\``,
  'environment.made': ({ file }) => `made ${file}; while it is empty, the embedded queue is used`,
} satisfies Partial<Texts>;

const ALL_REGIONS = 'the job publisher, which is for all regions,';

const WARN = {
  'queue.failing': ({ message }) => `can't send to the queue, retrying: ${message}`,
  'relay.upstream-failing': ({ url, message }) => `can't forward to ${url}, keeping readings and retrying: ${message}`,
  'relay.given-up': ({ count, code, reason }) =>
    `${countText(count, 'reading')} given up, upstream refuses: ${code} ${reason}`,
  'relay.refusing': ({ message }) => message,
  'puller.failing': ({ task, message }) => `can't ${TASKS[task][0]}, retrying: ${message}`,
  'puller.dead-letters': ({ count, reason, id }) =>
    `${countText(count, 'dead letter')}: ${reason} (${count > 1 ? 'the first is ' : ''}message ${id})`,
  'webhook.failed': ({ message }) => `the alert was not delivered to the webhook: ${message}`,
  'store.damaged-rows': ({ count }) =>
    `${count} rows of the store are damaged: their checksums are wrong, and they are not shown`,
  'database-rewritten'({ path, problem, quarantined, salvaged }) {
    const instead = quarantined === undefined ? '' : `; what was in its place is kept as ${quarantined}`;
    return `${path} was ${problem} while it was in use. It is written back; ${salvaged ? salvagedText(salvaged) : 'nothing is missing'}${instead}`;
  },
  'database-quarantined': ({ path, quarantined, problem, salvaged }) =>
    `${path} was damaged (${problem}). It is kept as ${quarantined}; ${salvagedText(salvaged)}`,
  'clock-stepped'(event) {
    const found = event.whileStopped ? 'the clock has moved' : 'the clock was set';
    const since = event.whileStopped ? ' since the last run' : '';
    return `${found} ${stepText(event)}${since}; nothing expires because of it unless it lasts an hour`;
  },
  'store-lost': ({ message }) => `${message} No message is taken until it is written back`,
  'store-restore-failed': ({ path, message }) => `${path} can't be written back, trying again every second: ${message}`,
  'store-full': ({ path }) => `the disk of ${path} is full: messages are given out and deleted, but none are taken`,
  'message-damaged': ({ id, queue, deadLetterQueue: now }) =>
    `message ${id} of ${queue} is damaged: ${now === undefined ? 'it is kept in the store' : `it is in ${now} now`}`,
  'sensor.refused': ({ job, host }) => `${job} may not reach ${host}; if it should, deploy it with --allow ${host}`,
  'child.slow': ({ name, afterMs }) =>
    `${nameOf(name)} is not ready after ${afterMs / 1000} s, and still at work; waiting for it`,
  'child.hung': ({ name, silentMs }) => `${nameOf(name)} has not answered for ${silentMs / 1000} s; killing it`,
  'child.warned': ({ name, text }) => `${nameOf(name)}: ${text}`,
  'child.exited': ({ name, how, restartInMs, lastLines }) =>
    `${nameOf(name)} exited (${how}); restarting it in ${restartInMs} ms${lastOutputText(lastLines)}`,
  'change.lost': ({ reason }) =>
    `run.json can't be written (${reason}); everything keeps running, but \`wasm-sensors down\` may miss a process`,
  'node.unschedulable': ({ node, reason }) => `${node} can't run sensors: ${reason}`,
  'nodes.late': ({ nodes }) =>
    `${namesText(nodes, NODES_SHOWN)} ${nodes.length === 1 ? 'is' : 'are'} not connected yet; sensors start there later`,
  'node.arrived': ({ node }) => `${node} is connected now`,
  'jobs.quarantined': ({ file }) =>
    `the file of the running jobs was damaged and is now ${file}; deploy again what should run`,
  'hostname.not-forwarded': ({ region }) =>
    `${region}: not all nodes forward HOSTNAME to jobs; sensors are named by their executions`,
  'proxy.unreachable': ({ url }) => `${url} does not answer from here; the readings will show whether sensors reach it`,
  'secrets.in-job': ({ variables }) =>
    `${variables.join(', ')}: given to the sensors inside the job, where users of the cluster can read it`,
  'container.crashed': ({ service, lastLines }) => `${service} crashed; Docker restarts it${lastOutputText(lastLines)}`,
  'container.exited': ({ service, exitCode, lastLines }) =>
    `${service} was stopped (exit code ${exitCode}); starting it again${lastOutputText(lastLines)}`,
  'docker.silent': ({ reason }) => `containers are not watched: ${reason}`,
  'orphan.kept': ({ name }) => `could not remove ${name}`,
  'services-node.missing': ({ reason }) => `no node for service jobs: ${reason}`,
  'proxy.not-linked': ({ url }) =>
    `${url} can't be reached through a link: sensors of a disconnected region still reach it`,
  'config.overridden'({ scope, fields }) {
    const flag =
      'hostname' in scope ? `--host ${scope.hostname} ` : 'region' in scope ? `--region ${scope.region} ` : '';
    const name = flag === '' ? 'the fleet' : scopeText(scope);
    return `${fields.join(', ')}: overridden by the configuration of ${name}; run \`wasm-sensors config unset ${flag}${fields.join(' ')}\` to clear it`;
  },
  'config.overridden-by-more': ({ hosts }) =>
    `${countText(hosts, 'further host has', 'further hosts have')} values of their own: \`wasm-sensors config show\``,
  'all-regions-job.running': () =>
    `${ALL_REGIONS} runs beside this one: run \`wasm-sensors deploy publisher\` without --region to stop it`,
  'all-regions-job.stopped': () => `${ALL_REGIONS} was stopped: every region has its own now`,
  'publisher.foreign': ({ job, owner, proxyUrl }) =>
    `${job} is of another state folder (owner ${owner})${sendsTo(proxyUrl)}`,
  'publisher.sends-elsewhere': ({ job, proxyUrl }) => `${job} sends to ${proxyUrl}, which is no proxy of this \`up\``,
} satisfies Partial<Texts>;

const ERROR = {
  'sensor.failed': ({ node, job, message }) => `${node}: ${job} failed${message && `: ${message}`}`,
  'job.lost': ({ job, reason }) => `${job} does not run again after the restart of the sensor host: ${reason}`,
} satisfies Partial<Texts>;

const TEXTS: Texts = { ...DEBUG, ...INFO, ...WARN, ...ERROR };
const LEVELS: [LogLevel, object][] = [
  ['debug', DEBUG],
  ['info', INFO],
  ['error', ERROR],
];

export function eventText(event: Event): string {
  // The table has under each type what takes events of that type.
  const text = TEXTS[event.type] as (event: Event) => string;
  return text(event);
}

/** Its fields are those of the event; a message that the sentence quotes is not repeated. */
export function logEvent(log: Logger, event: Event): void {
  const text = eventText(event);
  const { type, message, ...fields }: { type: string; message?: string } = event;
  const unsaid = message === undefined || text.includes(message) ? {} : { message };
  const [level] = LEVELS.find(([, texts]) => type in texts) ?? ['warn' as const];
  log[level](type, text, { ...fields, ...unsaid });
}

const nameOf = (process: string) => (process === 'sensors' ? 'sensor host' : process);
const sendsTo = (url: string | undefined) => (url === undefined ? '' : ` and sends to ${url}`);
const lastOutputText = (lines: string[]) => (lines.length > 0 ? `; its last output: ${lines.join(' / ')}` : '');
/** Of a long list, so many are named: the log of `up` has all that arrive. */
const NODES_SHOWN = 5;

function salvagedText(salvaged: Salvaged): string {
  const rows = Object.values(salvaged).reduce((sum, count) => sum + count, 0);
  return rows === 0 ? 'nothing in it can be read' : `${countText(rows, 'row')} could be read and are kept`;
}

const stepText = ({ byMs }: ClockEvent) => `${spanText(Math.abs(byMs))} ${byMs < 0 ? 'back' : 'ahead'}`;

const UNITS: [number, string][] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
];

export function spanText(ms: number): string {
  const [size, unit] = UNITS.find(([size]) => ms >= 2 * size) ?? [1000, 'second'];
  return countText(Math.round(ms / size), unit);
}
