/** From a job request to the document that `bacalhau job run` takes. */
import { createHash } from 'node:crypto';
import { AppError } from '../lib/errors/app-error.js';
import { fillDocument } from './job-document.js';
import type { JobEnvironment } from './job-environment.js';
import { jobName, jobRefOf } from './job-ref.js';
import type { JobRequest } from './job-request.js';
import { print, setHeading } from './job-template.js';

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
