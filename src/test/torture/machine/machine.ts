/** What runs a network's programs, as faults and the checker see it: processes of this machine, or containers. */

/** The services that have data, and their databases. */
export const DATABASES = { queue: 'queue.db', puller: 'readings.db' };
export type Keeper = keyof typeof DATABASES;
export const KEEPERS: Keeper[] = ['queue', 'puller'];

/** A program that runs now. */
export interface Running {
  name: string;
  pid: number;
  /** Resident memory in MB. */
  memory: number;
}

export interface OpenFile {
  /** Of the program. */
  name: string;
  path: string;
  /** The same only for the same file, opened by the same process. */
  id: string;
}

export interface Machine {
  /** Of everything that can be killed and stopped. */
  readonly names: string[];
  /** Whose database is a file. */
  readonly keepers: Keeper[];
  /** SIGKILL, or the order to stop; resolves when its successor runs. */
  kill(name: string, signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** SIGKILL of all of these at once; resolves when they are gone, whether or not somebody starts them again. */
  crash(names: string[]): Promise<void>;
  /** Takes it all processor time for some seconds. */
  freeze(name: string, seconds: number): Promise<void>;
  /** Deletes files of the folder that a keeper writes to. */
  deleteFiles(keeper: Keeper, files: string[]): Promise<void>;
  /** The inode of its database; rejects while there is none. */
  inodeOf(keeper: Keeper): Promise<string>;
  /** The path of the store, or of a copy as of now. */
  storePath(): Promise<string>;
  running(): Promise<Running[]>;
  /** Ends of programs that nobody has ordered, as their logs have them. */
  crashes(): string[];
  /** Deleted files of the data that a program has open: what is in them goes when it ends. Only on Linux. */
  deletedFiles(): Promise<OpenFile[]>;
}

/** Time for a successor to run and to answer: slow machines need most of it to start Node. */
export const HEALED_MS = 60_000;
