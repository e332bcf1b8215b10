/** Keeps the jobs of a cluster in a file, so that a host that was killed runs them again when it is restarted. */
import { rmSync } from 'node:fs';
import { z } from 'zod';
import { readIfExists, writeFileAtomic } from '../lib/fs/durable-files.js';
import { quarantine } from '../lib/fs/quarantine.js';
import type { Cluster } from './cluster.js';
import { type JobSpec, jobSpecSchema } from './host-api.js';

export interface KeptCluster extends Cluster {
  /** Submits the jobs of the file, if this host was killed; an orderly end forgets them. */
  resume(): Promise<void>;
}

/** A job keeps its id: by it the fleet view knows that its new sensors have replaced those of the killed host. */
const fileSchema = z.array(z.object({ jobId: z.string(), spec: jobSpecSchema }));
type KeptJob = z.output<typeof fileSchema>[number];

/**
 * `path`: a JSON file; it may hold job arguments, so it is readable by its owner only. `say` hears when it is damaged.
 */
export function keepJobs(cluster: Cluster, path: string, say: (text: string) => void): KeptCluster {
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
      const damaged = quarantineDamagedJobs(path);
      if (damaged !== undefined) say(damaged);
      for (const { jobId, spec } of readJobs(path) ?? []) await submit(spec, jobId);
    },
    async close() {
      kept.clear();
      // Removed, not emptied: a full disk must not keep the sensors running.
      rmSync(path, { force: true });
      await cluster.close();
    },
  };
}

/** Lets a host start whose file of jobs is damaged; gives what to say about it, undefined when all is well. */
export function quarantineDamagedJobs(path: string): string | undefined {
  if (readJobs(path)) return undefined;
  return `the file of the running jobs was damaged and is now ${quarantine(path)}: deploy again what should run`;
}

/** None when there is no file; undefined for a file that holds no jobs. */
function readJobs(path: string): KeptJob[] | undefined {
  const text = readIfExists(path);
  if (text === undefined) return [];
  try {
    return fileSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
