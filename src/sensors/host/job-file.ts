/** Keeps the jobs of a cluster in a file, so that a host that was killed runs them again when it is restarted. */
import { z } from 'zod';
import { readIfExists, writeFileAtomic } from '../../lib/files.js';
import { type JobSpec, jobSpecSchema } from './api.js';
import type { Cluster } from './cluster.js';

export interface KeptCluster extends Cluster {
  /** Submits the jobs of the file, if this host was killed; an orderly end forgets them. */
  resume(): Promise<void>;
}

const fileSchema = z.array(jobSpecSchema);

/** `path`: a JSON file; it may hold job arguments, so it is readable by its owner only. */
export function keepJobs(cluster: Cluster, path: string): KeptCluster {
  const specs = new Map<string, JobSpec>();
  const save = () => writeFileAtomic(path, JSON.stringify([...specs.values()]));
  const submit = async (spec: JobSpec) => {
    const submission = await cluster.submit(spec);
    if (spec.type === 'daemon') {
      specs.set(spec.name, spec);
      save();
    }
    return submission;
  };
  return {
    ...cluster,
    submit,
    stop(name) {
      const stopped = cluster.stop(name);
      if (specs.delete(name)) save();
      return stopped;
    },
    async resume() {
      const text = readIfExists(path);
      for (const spec of text === undefined ? [] : fileSchema.parse(JSON.parse(text))) await submit(spec);
    },
    async close() {
      specs.clear();
      save();
      await cluster.close();
    },
  };
}
