import { Option } from 'commander';
import { AppError } from '../../../lib/errors/app-error.js';
import { replayAll, replayOnly } from '../../../operations/queue/replay-dead-letters.js';
import type { CommandSpec } from '../../command.js';
import { replayedText } from '../../output/queue-text.js';
import { QUEUE_SETTINGS, withQueue } from './with-queue.js';

export const queueReplay: CommandSpec = {
  name: 'queue replay [ids...]',
  summary: 'send dead letters back to the queue, once the cause is fixed',
  modes: ['text', 'json'],
  settings: QUEUE_SETTINGS,
  options: [new Option('--all', 'every dead letter')],
  examples: ['wasm-sensors queue replay --all'],
  async action({ out, settings, options, args: ids }) {
    if ((options.all === true) === ids.length > 0) {
      throw new AppError('BAD_OPTION', 'name dead letters by their ids, or all of them with --all', {
        hint: '`wasm-sensors queue dead-letters` lists them.',
      });
    }
    const onProgress = (replayed: number) => {
      if (replayed > 0) out.progress(replayedText(replayed));
    };
    const result = await withQueue(settings, (queue) =>
      ids.length > 0 ? replayOnly(queue, ids, onProgress) : replayAll(queue, onProgress),
    );
    out.result(result, () => replayedText(result.replayed));
    return 0;
  },
};
