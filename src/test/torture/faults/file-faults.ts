import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/cli-harness.js';
import { DATABASES, HEALED_MS } from '../machine/machine.js';
import { type FaultKind, untilHealthy } from './fault.js';

/** The database alone, all of its files, and its log alone. */
const SUFFIXES = [[''], ['', '-wal', '-shm'], ['-wal']];

/** Nothing else happens to its program before the file is back: what only a process holds dies with it. */
export const DELETE_FILE: FaultKind = {
  draw({ sandbox, machine }, random) {
    const keeper = random.pick(machine.keepers);
    const files = random.pick(SUFFIXES).map((suffix) => DATABASES[keeper] + suffix);
    const happen = async () => {
      const inode = await machine.inodeOf(keeper);
      await machine.deleteFiles(keeper, files);
      await eventually(
        `${DATABASES[keeper]} written back`,
        async () => (await machine.inodeOf(keeper)) !== inode,
        HEALED_MS,
      );
      await untilHealthy(sandbox);
    };
    return { text: `delete ${files.join(', ')}`, target: keeper, happen };
  },
};

/** Under the queue, the store, and the files of `up`. */
export const FILL_DISK: FaultKind = {
  needs: 'disk',
  draw({ sandbox, tools }, random) {
    const seconds = random.integer(2, 8);
    const happen = async () => {
      tools.disk!.fill();
      await sleep(seconds * 1000);
      tools.disk!.makeRoom();
      await untilHealthy(sandbox);
    };
    return { text: `fill the disk for ${seconds} s`, target: 'disk', happen };
  },
};
