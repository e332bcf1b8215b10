/** Keeps the jobs of a cluster in a file, so that a host that was killed runs them again when it is restarted. */
import { z } from 'zod';
import { readIfExists, writeFileAtomic } from '../../lib/files.js';
import { type JobSpec, jobSpecSchema } from './api.js';
import type { Cluster } from './cluster.js';

export interface KeptCluster extends Cluster {
  /** Submits the jobs of the file, if this host was killed; an orderly end forgets them. */
  resume(): Promise<void>;
}

/** A job keeps its id: by it the fleet view knows that its new sensors have replaced those of the killed host. */
const fileSchema = z.array(z.object({ jobId: z.string(), spec: jobSpecSchema }));

/** `path`: a JSON file; it may hold job arguments, so it is readable by its owner only. */
export function keepJobs(cluster: Cluster, path: string): KeptCluster {
  const kept = new Map<string, { jobId: string; spec: JobSpec }>();
  const save = () => writeFileAtomic(path, JSON.stringify([...kept.values()]));
  const submit = async (spec: JobSpec, knownAs?: string) => {
    const submission = await cluster.submit(spec, knownAs);
    if (spec.type === 'daemon') {
      kept.set(spec.name, { jobId: submission.jobId, spec });
      save();
    }
    return submission;
  };
  return {
    ...cluster,
    submit,
    stop(name) {
      const stopped = cluster.stop(name);
      if (kept.delete(name)) save();
      return stopped;
    },
    async resume() {
      const text = readIfExists(path);
      const jobs = text === undefined ? [] : fileSchema.parse(JSON.parse(text));
      for (const { jobId, spec } of jobs) await submit(spec, jobId);
    },
    async close() {
      kept.clear();
      save();
      await cluster.close();
    },
  };
}
