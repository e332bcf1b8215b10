/** What a demo is made of: steps, each with a command that the user could type, and what must be seen after it. */
import type { Reading } from '../../protocol/message.js';
import type { DemoNetwork } from './demo-network.js';

export type StepId =
  | 'start'
  | 'version-1'
  | 'cut'
  | 'version-2'
  | 'reconnect'
  | 'version-2-eu'
  | 'late-reading'
  | 'live-change'
  | 'figures';

export interface DemoStep {
  id: StepId;
  title: string;
  /** What it does and why: two or three sentences. */
  about(scene: Scene): string;
  /** Finds out what {@link command} and {@link run} need. */
  prepare?(scene: Scene): Promise<void>;
  /** The command that does the same. */
  command(scene: Scene): DemoCommand;
  /** Without these it is skipped. */
  needs?: StepId[];
  /** Where doing it again begins; left out: it can't be done again. */
  again?: StepId;
  /** Does it, as the command would. */
  run(scene: Scene, report: (progress: string) => void): Promise<void>;
  sights: Sight[];
}

export interface DemoCommand {
  /** Left out: this program. */
  program?: string;
  /** Words that belong together, such as a flag and its value, are one. A word may have line breaks. */
  words: string[];
}

/** Something that must be seen after a step. */
export interface Sight {
  /** Completes "must be seen: …". */
  must: string;
  /** Resolves as soon as it is seen; after `signal` with what was seen instead. */
  look(scene: Scene, signal: AbortSignal): Promise<Seen>;
}

export interface Seen {
  ok: boolean;
  /** For people: `#ffb000 from all sensors (us 100, eu 100, as 100)`. */
  text: string;
  /** The numbers in it, for programs. */
  figures?: Record<string, number>;
}

export interface Scene {
  network: DemoNetwork;
  memory: Memory;
}

/** What steps leave for later ones. Times are Unix milliseconds. */
export interface Memory {
  began: number;
  /** Submission time of version 1. */
  version1?: number;
  /** When the region was cut; and when its link was restored, left out while it is cut. */
  cut?: { at: number; over?: number };
  /** The late reading, and the sensor's host. */
  lateReading?: LateReading;
  /** What the proxy answered to it. */
  lateOutcome?: string;
  /** Ids of the executions before the live change. */
  executions?: string[];
}

/** The next reading that a sensor of version 1 would have sent. */
export type LateReading = Pick<
  Reading,
  'execution_id' | 'sequence' | 'region' | 'hostname' | 'color' | 'job_submission_time'
>;
