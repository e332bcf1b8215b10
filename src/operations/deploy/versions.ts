/** The last two versions of each region's publisher, in the state folder: `deploy publisher --undo` brings the former back. */
import { basename, join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../lib/errors/app-error.js';
import { readIfExists, writeFileAtomic } from '../../lib/fs/durable-files.js';
import { ModuleStore } from '../../modules/module-store.js';
import type { UserModule } from '../../modules/user-module.js';
import { PROFILES } from '../../protocol/measured-values.js';
import { sensorConfigSchema } from '../../protocol/sensor-config.js';

/** What sensors are asked to be, in one region or all. */
const optionsSchema = z.object({
  config: sensorConfigSchema,
  configFile: z.string().optional(),
  profile: z.enum(PROFILES).optional(),
  anomalies: z.number().optional(),
  maxMessages: z.number().optional(),
  allow: z.array(z.string()).optional(),
  /** Where the sensors send to, instead of the network's own proxy: a URL, or a name that the network has for one. */
  proxy: z.string().optional(),
});
/** `module`: path of one of the user. */
export type PublisherOptions = z.output<typeof optionsSchema> & { module?: string | undefined };

const versionSchema = z.object({
  /** Unix milliseconds. */
  submittedAt: z.number(),
  /** Its sensors have reported. One that has not is no version to go back to. */
  works: z.boolean(),
  options: optionsSchema,
  /** A module of the user: the name of its file, and its content in `modules/`. */
  module: z.object({ file: z.string(), sha256: z.string() }).optional(),
});
export type PublisherVersion = z.output<typeof versionSchema>;

const fileSchema = z.record(z.string(), z.object({ current: versionSchema, previous: versionSchema.optional() }));
/** By region. */
export type PublisherVersions = z.output<typeof fileSchema>;

const pathOf = (stateDir: string) => join(stateDir, 'publishers.json');
const modulesOf = (stateDir: string) => new ModuleStore(join(stateDir, 'modules'));

/** Empty where none was deployed from this folder, and for a damaged file. */
export function readVersions(stateDir: string): PublisherVersions {
  try {
    return fileSchema.parse(JSON.parse(readIfExists(pathOf(stateDir)) ?? '{}'));
  } catch {
    return {};
  }
}

/** Notes what was submitted to regions; the same once more is no other version. */
export function noteSubmitted(
  stateDir: string,
  submitted: Map<string, { options: PublisherOptions; module: UserModule | undefined }>,
  submittedAt: number,
): void {
  const versions = readVersions(stateDir);
  for (const [region, { options, module: content }] of submitted) {
    const file = basename(options.module ?? '');
    if (content) modulesOf(stateDir).put(content.sha256, content.bytes);
    const { current, previous } = versions[region] ?? {};
    // One that is brought back comes from `modules/`, and keeps its name.
    const known = [current, previous].find((version) => version?.module?.sha256 === content?.sha256)?.module;
    const isKept = content && file.startsWith(content.sha256);
    const module = content && ((isKept && known) || { file, sha256: content.sha256 });
    const next = versionSchema.parse({ submittedAt, works: false, options, module });
    const isOther = JSON.stringify([current?.options, current?.module]) !== JSON.stringify([next.options, next.module]);
    versions[region] = { current: next, previous: current?.works && isOther ? current : previous };
  }
  write(stateDir, versions);
}

/** Notes that sensors of these regions have reported. */
export function noteWorking(stateDir: string, regions: string[]): void {
  const versions = readVersions(stateDir);
  for (const region of regions) {
    const version = versions[region];
    if (version) version.current.works = true;
  }
  write(stateDir, versions);
}

/**
 * What to go back to, by region; where regions are not named, of those that have something. Throws `NOTHING_TO_UNDO` and
 * `MODULE_UNREADABLE`.
 */
export function formerOptions(stateDir: string, regions: string[], named: boolean): Map<string, PublisherOptions> {
  const versions = readVersions(stateDir);
  const without = regions.filter((region) => !versions[region]?.previous);
  if (without.length === regions.length || (named && without.length > 0)) {
    throw new AppError('NOTHING_TO_UNDO', `no version before the current one is known in ${without.join(', ')}`, {
      hint: 'Versions count that were deployed from this state folder and whose sensors have reported.',
    });
  }
  return new Map(
    regions.flatMap((region) => {
      const { options, module: former } = versions[region]?.previous ?? {};
      const module = former && modulesOf(stateDir).findIntact(former.sha256);
      if (former && module === undefined) {
        const message = `${former.file} of the version before is no longer in modules/ of the state folder`;
        throw new AppError('MODULE_UNREADABLE', message);
      }
      return options ? [[region, { ...options, module }]] : [];
    }),
  );
}

function write(stateDir: string, versions: PublisherVersions): void {
  writeFileAtomic(pathOf(stateDir), JSON.stringify(versions), 0o600);
}
