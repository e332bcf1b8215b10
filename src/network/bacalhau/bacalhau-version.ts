/** Which Bacalhau can do what. */
import { AppError } from '../../lib/errors/app-error.js';

export interface Version {
  major: number;
  minor: number;
  /** As printed, such as `v1.9.3`. */
  text: string;
}

/** The first one whose `serve`, job templates and job names this program knows. */
const OLDEST = { major: 1, minor: 7 };

/** Reads `v1.9.3`, also with a suffix; 0.0 for builds without a version. */
export function parseVersion(text: string): Version {
  const match = /(\d+)\.(\d+)/.exec(text);
  return { major: Number(match?.[1] ?? 0), minor: Number(match?.[2] ?? 0), text };
}

/**
 * Whether a job of the same name is updated in place; before 1.8 every submission is a job of its own. The same release
 * was the first whose orchestrator informs the nodes of a stopped job (bacalhau-project/bacalhau pull request 4997).
 */
export function updatesInPlace(version: Version): boolean {
  return isAtLeast(version, { major: 1, minor: 8 });
}

/** Rejects with `BACALHAU_TOO_OLD`. */
export function requireSupported(version: Version, path: string): void {
  if (isAtLeast(version, OLDEST)) return;
  throw new AppError('BACALHAU_TOO_OLD', `${path} is Bacalhau ${version.text}; 1.7.0 or newer is needed`, {
    hint: 'Update it (https://docs.bacalhau.org/getting-started/installation), or name another with --bacalhau.',
  });
}

function isAtLeast(version: Version, other: { major: number; minor: number }): boolean {
  return version.major > other.major || (version.major === other.major && version.minor >= other.minor);
}
