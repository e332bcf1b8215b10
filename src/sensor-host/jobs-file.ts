/** Keeps the jobs of a cluster in a file, so that a restarted host runs them again after it was killed. */
import { rmSync } from 'node:fs';
import { z } from 'zod';
import { quarantine, readIfExists, writeFileAtomic } from '../lib/fs/durable-files.js';
import { hostAndPort } from '../lib/net/host-list.js';
import { isModuleName } from '../modules/module-files.js';
import type { Cluster } from './cluster.js';
import { type JobSpec, jobSpecSchema } from './host-schemas.js';

/** A job keeps its id, by which the fleet view sees that the new sensors replace those of the killed host. */
const specSchema = z.preprocess(withProxyAllowed, jobSpecSchema);
const fileSchema = z.array(
  z.object({
    jobId: z.string(),
    spec: specSchema,
    /** The version that is to take over, or does. */
    next: specSchema.exactOptional(),
  }),
);
type KeptJob = { jobId: string; spec: JobSpec; next?: JobSpec };

/**
 * `path`: a JSON file. It may hold job arguments, so only its owner can read it. `onFailed` gets a
 * job that does not run again.
 */
export function keepJobs(cluster: Cluster, path: string, onFailed: (job: string, error: unknown) => void) {
  const kept = new Map<string, KeptJob>();
  const save = () => writeFileAtomic(path, JSON.stringify([...kept.values()]));
  const submit = async (next: JobSpec, { jobId: knownId }: { jobId?: string | undefined } = {}) => {
    let settled = false;
    const submission = await cluster.submit(next, {
      jobId: knownId,
      onSettled(spec) {
        settled = true;
        const job = kept.get(spec.name);
        if (job?.next !== next) return;
        kept.set(spec.name, { jobId: job.jobId, spec });
        try {
          save();
        } catch {
          // A full disk: a restarted host hands over once more.
        }
      },
    });
    if (next.type === 'daemon') {
      const { jobId } = submission;
      const before = kept.get(next.name);
      const hasBefore = before && next.handover && !settled && !submission.unchanged;
      kept.set(next.name, hasBefore ? { jobId, spec: before.spec, next } : { jobId, spec: next });
      save();
    }
    return submission;
  };
  return {
    ...cluster,
    submit,
    stop(name: string) {
      const stopped = cluster.stop(name);
      if (kept.delete(name)) save();
      return stopped;
    },
    /**
     * Submits the jobs of the file, if the host was killed; an orderly stop removes them. Resolves when those of our own
     * modules run: one of the user may take long to compile.
     */
    async resume(): Promise<void> {
      const jobs = readJobs(path) ?? [];
      // They stay in the file also when the host is killed meanwhile.
      for (const job of jobs) kept.set(job.spec.name, job);
      const resumed = jobs.map(async ({ jobId, spec, next }) => {
        const failed = (error: unknown) => onFailed(spec.name, error);
        const first = next ? cluster.submit(spec, { jobId }) : submit(spec, { jobId });
        const done = first.catch(failed).then(() => next && submit(next, { jobId }).catch(failed));
        if (isModuleName(spec.module)) await done;
      });
      await Promise.all(resumed);
    },
    async close() {
      kept.clear();
      // Removed, not emptied, because that works on a full disk, too.
      rmSync(path, { force: true });
      await cluster.close();
    },
  };
}

/** Versions that allowed a job everything did not say what it may reach: it is the proxy that it was given. */
function withProxyAllowed(spec: unknown): unknown {
  const { success, data } = z
    .looseObject({ args: z.array(z.string()), env: z.record(z.string(), z.string()).default({}) })
    .safeParse(spec);
  if (!success || 'allow' in data) return spec;
  const flag = data.args.find((one) => one.startsWith('--proxy='))?.slice('--proxy='.length);
  const proxies = [flag, data.env.PROXY_URL].flatMap((url) =>
    url !== undefined && URL.canParse(url) ? hostAndPort(new URL(url)) : [],
  );
  return { ...data, allow: [...new Set(proxies)] };
}

/** Quarantines a damaged file of jobs, so that the host can start; returns its new path, undefined when the file is fine. */
export function quarantineDamagedJobs(path: string): string | undefined {
  return readJobs(path) === undefined ? quarantine(path) : undefined;
}

/** None when there is no file; undefined for a file that does not hold jobs. */
function readJobs(path: string): z.output<typeof fileSchema> | undefined {
  const text = readIfExists(path);
  if (text === undefined) return [];
  try {
    return fileSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
