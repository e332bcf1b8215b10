/** Keeps the jobs of a cluster in a file, so that a restarted host runs them again after it was killed. */
import { rmSync } from 'node:fs';
import { z } from 'zod';
import { readIfExists, writeFileAtomic } from '../lib/fs/durable-files.js';
import { quarantine } from '../lib/fs/quarantine.js';
import type { Cluster } from './cluster.js';
import { type JobSpec, jobSpecSchema } from './host-schemas.js';

export interface KeptCluster extends Cluster {
  /** Submits the jobs of the file, if the host was killed; an orderly stop removes them. */
  resume(): Promise<void>;
}

/** A job keeps its id, by which the fleet view sees that the new sensors replace those of the killed host. */
const fileSchema = z.array(z.object({ jobId: z.string(), spec: jobSpecSchema }));
type KeptJob = z.output<typeof fileSchema>[number];

/**
 * `path`: a JSON file. It may hold job arguments, so only its owner can read it. `onQuarantined` gets the
 * new path of a damaged one.
 */
export function keepJobs(cluster: Cluster, path: string, onQuarantined: (file: string) => void): KeptCluster {
  const kept = new Map<string, { jobId: string; spec: JobSpec }>();
  const save = () => writeFileAtomic(path, JSON.stringify([...kept.values()]));
  const submit = async (spec: JobSpec, knownId?: string) => {
    const submission = await cluster.submit(spec, knownId);
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
      const quarantined = quarantineDamagedJobs(path);
      if (quarantined !== undefined) onQuarantined(quarantined);
      for (const { jobId, spec } of readJobs(path) ?? []) await submit(spec, jobId);
    },
    async close() {
      kept.clear();
      // Removed, not emptied, because that works on a full disk, too.
      rmSync(path, { force: true });
      await cluster.close();
    },
  };
}

/** Quarantines a damaged file of jobs, so that the host can start; returns its new path, undefined when the file is fine. */
export function quarantineDamagedJobs(path: string): string | undefined {
  return areJobsDamaged(path) ? quarantine(path) : undefined;
}

/** Whether there is a file, and no jobs in it. */
export const areJobsDamaged = (path: string): boolean => readJobs(path) === undefined;

/** None when there is no file; undefined for a file that does not hold jobs. */
function readJobs(path: string): KeptJob[] | undefined {
  const text = readIfExists(path);
  if (text === undefined) return [];
  try {
    return fileSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
