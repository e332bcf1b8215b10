/** From a job request to the document that `bacalhau job run` takes. */
import { createHash } from 'node:crypto';
import type { Document } from 'yaml';
import { z } from 'zod';
import { AppError } from '../lib/errors/app-error.js';
import type { ModuleName } from '../modules/module-files.js';
import { USER_MODULE_MB } from '../modules/wasm-sections.js';
import {
  type ConfigUpdaterJob,
  type JobRequest,
  jobName,
  jobRefOf,
  MODULE_LABEL,
  type ModuleJob,
  type PublisherJob,
  REGION_LABEL,
  type RelayJob,
  type ServiceJob,
} from './job-request.js';
import { CONFIG_TARGET, domainsOf, moduleEnv, moduleParameters, publisherFlags, type Reaching } from './job-task.js';
import { inTask, openTemplate, print, setHeading, setModule, setModuleUrl } from './job-template.js';

/** Variables that the nodes of a network forward to jobs: names, never values. */
export const forwardedSchema = z.object({
  /** To sensors. */
  edge: z.array(z.string()),
  /** To the config-updater: the operator token, where nodes have it. */
  updater: z.array(z.string()),
  /** To the proxy, the puller and relays. */
  services: z.array(z.string()),
});

export interface JobEnvironment {
  /** Bytes of a built module. */
  module(name: ModuleName): Promise<Uint8Array>;
  /** Where nodes of a region download a module that does not fit into a job. */
  moduleUrl(region: string, sha256: string): string;
  forwarded: z.output<typeof forwardedSchema>;
  /** Id of the state folder that submits jobs; left out where all jobs of a network are its own. */
  owner?: string;
  /** Variables in the job document itself, where the nodes have none to forward to sensors. */
  given?: Record<string, string>;
}

export interface RenderedJob {
  name: string;
  /** Bacalhau's: `daemon`, `ops`, `service` or `batch`. */
  type: string;
  /** YAML. */
  text: string;
  /** Equal for requests that differ in nothing but the submission time, whoever submits them. */
  hash: string;
}

/** Label that carries the {@link RenderedJob.hash} of the running job. */
export const HASH_LABEL = 'spec';
/** Label with the id of the state folder that submitted the job. */
export const OWNER_LABEL = 'owner';
/** NATS carries a job to its nodes in one message of at most 1 MiB; the orchestrator adds to it. */
const MAX_BYTES = 600_000;

/** Rejects with `JOB_TOO_LARGE`, `NOT_OFFERED`, or with what `environment.module` rejects with. */
export async function renderJob(request: JobRequest, environment: JobEnvironment): Promise<RenderedJob> {
  const name = jobName(jobRefOf(request));
  const timeless = print(await fillDocument({ ...request, submissionTime: 0 }, environment));
  const hash = createHash('sha256').update(timeless).digest('hex').slice(0, 16);
  const document = await fillDocument(request, environment);
  document.setIn(['labels', HASH_LABEL], hash);
  if (environment.owner !== undefined) document.setIn(['labels', OWNER_LABEL], environment.owner);
  setHeading(document, [
    `The job ${name}, made by wasm-sensors from templates/jobs/${request.role}.yaml.`,
    `Submit it with: bacalhau job run --no-template --wait=false ${name}.yaml`,
  ]);
  const text = print(document);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) {
    throw new AppError('JOB_TOO_LARGE', `the job ${name} has ${bytes} bytes, more than ${MAX_BYTES}`, {
      hint: 'The module inside is too large; build it with `npm run build:wasm`.',
    });
  }
  return { name, type: String(document.get('type')), text, hash };
}

/** In the container; `job.port` is the node's. */
const LISTEN = ['--host=0.0.0.0', '--port=8080'];
/** The state folder of the image. */
const DATA_TARGET = '/data';

/** Rejects with `NOT_OFFERED`, or with what `environment.module` rejects with. */
async function fillDocument(request: JobRequest, environment: JobEnvironment): Promise<Document> {
  const document = openTemplate(request.role);
  const ref = jobRefOf(request);
  document.setIn(['name'], jobName(ref));
  if (ref.region !== undefined) document.setIn(['labels', REGION_LABEL], ref.region);
  if (ref.name !== undefined) document.setIn(['labels', MODULE_LABEL], ref.name);
  if (ref.runOnce) document.setIn(['labels', 'run-once'], 'true');
  if (request.role === 'publisher' || request.role === 'module') await fillSensors(document, request, environment);
  else if (request.role === 'config-updater') await fillConfigUpdater(document, request, environment);
  else if (request.role === 'relay') fillRelay(document, request, environment);
  else fillService(document, request, environment);
  if (!('image' in request)) return document;
  document.setIn(inTask('engine', 'params', 'image'), request.image);
  document.setIn(inTask('network', 'ports', 0, 'static'), request.port);
  if (request.dataDir !== undefined) setDataDir(document, request.dataDir);
  return document;
}

async function fillSensors(
  document: Document,
  job: PublisherJob | ModuleJob,
  environment: JobEnvironment,
): Promise<void> {
  setRegion(document, job.region);
  // Bacalhau restarts a daemon that exits, and counts its exit as a failure; an ops job runs once on every node.
  if (jobRefOf(job).runOnce) document.setIn(['type'], 'ops');
  const env = { ...environment.given, ...forward(environment.forwarded.edge) };
  if (job.role === 'publisher') setTask(document, publisherFlags(job), env);
  else setTask(document, moduleParameters(job), { ...env, ...moduleEnv(job) });
  setDomains(document, job);
  if (job.module) {
    const { bytes, sha256 } = job.module;
    if (isDownloaded(bytes.length)) setModuleUrl(document, environment.moduleUrl(job.region, sha256));
    else setModule(document, bytes);
    document.setIn(inTask('resources', 'memory'), `${USER_MODULE_MB}MB`);
  } else setModule(document, await environment.module('publisher'));
  if (job.role !== 'publisher' || job.configFile === undefined) return;
  const source = { type: 'localDirectory', params: { sourcePath: job.configFile, readWrite: false } };
  document.addIn(inTask('inputSources'), document.createNode({ target: CONFIG_TARGET, source }));
}

/**
 * Largest module inside a job. NATS carries a job to its nodes in one message of at most 1 MiB: with Bacalhau 1.9.3, a
 * module of 780,000 bytes came through, and one of 790,000 did not. Such a job is tried for ever, and keeps later ones
 * from their nodes, so this is half of it, with room for parameters.
 */
const MAX_INLINE_BYTES = 400_000;

/** Whether nodes download a module of this size instead of getting it in the job. */
export const isDownloaded = (bytes: number): boolean => bytes > MAX_INLINE_BYTES;

async function fillConfigUpdater(
  document: Document,
  job: ConfigUpdaterJob,
  { forwarded, module }: JobEnvironment,
): Promise<void> {
  if (forwarded.updater.length === 0) {
    throw new AppError('NOT_OFFERED', 'the nodes of this network do not have the operator token', {
      hint: 'A job that carried it could be read by every user of the cluster. Use `wasm-sensors config set` instead.',
    });
  }
  if (job.configFile !== undefined) {
    throw new AppError('NOT_OFFERED', 'a job can read the files of a Bacalhau node, but never write them', {
      hint: 'Leave --file out: the fleet configuration reaches every network. Or edit the file with `wasm-sensors config edit`.',
    });
  }
  setRegion(document, job.region);
  setTask(document, [`--proxy=${job.proxyUrl}`, ...job.parameters], forward(forwarded.updater));
  setDomains(document, job);
  setModule(document, await module('config-updater'));
}

function fillService(document: Document, job: ServiceJob, { forwarded }: JobEnvironment): void {
  setTask(document, [job.role, 'serve', ...LISTEN, `--queue=${job.queue}`, ...job.args], {
    ...forward(forwarded.services),
    WASM_SENSORS_ALLOWED_HOSTS: job.allowedHosts.join(','),
  });
}

function fillRelay(document: Document, job: RelayJob, { forwarded: { services } }: JobEnvironment): void {
  const { region, upstream, url } = job;
  // A token for all sensors is the relay's, too.
  const own = services.includes('SENSOR_TOKEN') ? 'SENSOR_TOKEN' : 'WASM_SENSORS_RELAY_TOKEN';
  const about = [`--upstream=${upstream}`, `--region=${region}`, `--name=relay-${region}`, `--proxy-url=${url}`];
  const open = services.length === 0 ? ['--open'] : [];
  setTask(document, ['relay', 'serve', ...LISTEN, ...about, ...open], {
    ...forward(services),
    ...(services.length === 0 ? {} : { WASM_SENSORS_RELAY_TOKEN: `env:${own}` }),
    WASM_SENSORS_ALLOWED_HOSTS: new URL(url).hostname,
  });
  document.setIn(['constraints', 0, 'values', 0], region);
}

function setTask(document: Document, parameters: string[], env: Record<string, string>): void {
  document.setIn(inTask('engine', 'params', 'parameters'), document.createNode(parameters));
  document.setIn(inTask('env'), document.createNode(env));
}

function setDomains(document: Document, job: Reaching): void {
  const domains = domainsOf(job);
  if (domains !== undefined) document.setIn(inTask('network'), document.createNode({ type: 'http', domains }));
}

function setRegion(document: Document, region: string): void {
  document.setIn(['constraints', 1, 'operator'], '=');
  document.setIn(['constraints', 1, 'values', 0], region);
}

/** Keeps the state of a service in a folder of the node. */
export function setDataDir(document: Document, folder: string): void {
  const source = { type: 'localDirectory', params: { sourcePath: folder, readWrite: true } };
  document.setIn(inTask('inputSources'), document.createNode([{ target: DATA_TARGET, source }]));
}

/** Values that a node replaces with those of its own variables. */
function forward(names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `env:${name}`]));
}
