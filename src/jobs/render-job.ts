/** From a job request to the document that `bacalhau job run` takes. */
import { createHash } from 'node:crypto';
import type { Document } from 'yaml';
import { AppError, systemError } from '../lib/errors/app-error.js';
import { setConfigUpdater } from './config-updater-job.js';
import type { Forwarded } from './forwarded-env.js';
import { jobName, jobRefOf } from './job-ref.js';
import type { JobRequest } from './job-request.js';
import { openTemplate, print, setHeading } from './job-template.js';
import { setPublisher } from './publisher-job.js';
import { setService } from './service-job.js';

/** What a network offers to jobs. */
export interface JobEnvironment {
  /** Bytes of a built module. */
  module(name: 'publisher' | 'config-updater'): Promise<Uint8Array>;
  forwarded: Forwarded;
  /** Variables that sensors get with the job itself, where nodes have none of ours to forward. */
  given?: Record<string, string>;
}

export interface RenderedJob {
  name: string;
  /** Bacalhau's: `daemon`, `ops`, `service` or `batch`. */
  type: string;
  /** YAML. */
  text: string;
  /** Equal for requests that differ in nothing but the submission time. */
  hash: string;
}

/** Label that carries the {@link RenderedJob.hash} of what runs. */
export const HASH_LABEL = 'spec';
/** Labels that carry the job's `JobRef`; its role is in the templates. */
export const ROLE_LABEL = 'role';
export const REGION_LABEL = 'region';
export const RUN_ONCE_LABEL = 'run-once';
/** NATS carries a job to its nodes in one message of at most 1 MiB; the orchestrator adds to it. */
const MAX_BYTES = 600_000;

/** Rejects with `JOB_TOO_LARGE`, or with what `surroundings.module` rejects with. */
export async function renderJob(request: JobRequest, surroundings: JobEnvironment): Promise<RenderedJob> {
  const name = jobName(jobRefOf(request));
  const timeless = print(await fill({ ...request, submissionTime: 0 }, surroundings));
  const hash = createHash('sha256').update(timeless).digest('hex').slice(0, 16);
  const document = await fill(request, surroundings);
  document.setIn(['labels', HASH_LABEL], hash);
  setHeading(document, [
    `The job ${name}, made by wasm-sensors from templates/jobs/${request.role}.yaml.`,
    `Submit it with: bacalhau job run --no-template --wait=false ${name}.yaml`,
  ]);
  const text = print(document);
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw systemError('JOB_TOO_LARGE', `the job ${name} has ${Buffer.byteLength(text)} bytes, more than ${MAX_BYTES}`, {
      hint: 'The module inside is too large; build it with `npm run build:wasm`.',
    });
  }
  return { name, type: String(document.get('type')), text, hash };
}

async function fill(request: JobRequest, surroundings: JobEnvironment): Promise<Document> {
  const document = openTemplate(request.role);
  const ref = jobRefOf(request);
  document.setIn(['name'], jobName(ref));
  if (ref.region !== undefined) document.setIn(['labels', REGION_LABEL], ref.region);
  if (ref.runOnce) document.setIn(['labels', RUN_ONCE_LABEL], 'true');
  const { edge, updater, services } = surroundings.forwarded;
  if (request.role === 'publisher') {
    const env = { ...surroundings.given, ...forward(edge) };
    setPublisher(document, request, await surroundings.module('publisher'), env);
  } else if (request.role === 'config-updater') {
    if (updater.length === 0) throw noTokenThere();
    setConfigUpdater(document, request, await surroundings.module('config-updater'), forward(updater));
  } else setService(document, request, forward(services));
  return document;
}

function noTokenThere(): AppError {
  return new AppError('NOT_OFFERED', 'user', 'the nodes of this network do not have the operator token', {
    hint: 'A job that carried it could be read by every user of the cluster. Use `wasm-sensors config set` instead.',
  });
}

/** Values that a node replaces with its own variables. */
function forward(names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `env:${name}`]));
}
