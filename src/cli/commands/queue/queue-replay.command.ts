import { Option } from 'commander';
import { AppError } from '../../../lib/errors/app-error.js';
import { replayAll, replayOnly } from '../../../operations/replay-dead-letters.js';
import { replayedText } from '../../output/queue-text.js';
import { queueCommand } from './queue-command.js';

export const queueReplay = queueCommand({
  name: 'queue replay [ids...]',
  summary: 'send dead letters back to the queue, when what made them fail is repaired',
  options: [new Option('--all', 'every dead letter')],
  examples: ['wasm-sensors queue replay --all'],
  async action({ out, queue, options, args: ids }) {
    if ((options.all === true) === ids.length > 0) {
      throw new AppError('BAD_OPTION', 'name dead letters by their ids, or all of them with --all', {
        hint: '`wasm-sensors queue dead-letters` lists them.',
      });
    }
    const onProgress = (replayed: number) => {
      if (replayed > 0) out.progress(replayedText(replayed));
    };
    const result = await (ids.length > 0 ? replayOnly(queue, ids, onProgress) : replayAll(queue, onProgress));
    out.result(result, () => replayedText(result.replayed));
    return 0;
  },
});
