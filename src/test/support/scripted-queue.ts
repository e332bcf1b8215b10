/** A queue in memory that delivers what a test pushes, and records what is done with it. */
import type { Queue, QueueServerState, ReceivedMessage } from '../../queue/queue.js';

type Answer = ReceivedMessage[] | Error;

export class ScriptedQueue implements Queue {
  readonly name = 'http://queue.test/000000000000/readings';
  /** `waitSeconds` of every call of receive. */
  readonly waits: number[] = [];
  /** Receipts of every call of delete that succeeded. */
  readonly deletions: string[][] = [];
  readonly deadLetters: { id: string; reason: string }[] = [];
  readonly #answers: Answer[] = [];
  readonly #polls: ((answer: Answer) => void)[] = [];
  #count = 0;

  /** How many messages were deleted. */
  get deleted(): number {
    return this.deletions.flat().length;
  }

  /** How many calls of receive are waiting. */
  get waiting(): number {
    return this.#polls.length;
  }

  /** Delivers messages `m-1`, `m-2`, … in one batch, with receipts `r-m-1`, … */
  push(bodies: string[], attributes: Record<string, string> = {}): void {
    this.answer(
      bodies.map((body) => {
        const id = `m-${++this.#count}`;
        return { id, body, attributes, receipt: `r-${id}`, receiveCount: 1, sentAt: Date.now() };
      }),
    );
  }

  /** The answer to the next call of receive. */
  answer(answer: Answer): void {
    const poll = this.#polls.shift();
    if (poll) poll(answer);
    else this.#answers.push(answer);
  }

  receive: Queue['receive'] = ({ waitSeconds, signal }) =>
    new Promise((resolve, reject) => {
      this.waits.push(waitSeconds);
      const give = (answer: Answer) => {
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      };
      const next = this.#answers.shift();
      if (signal?.aborted) reject(signal.reason);
      else if (next) give(next);
      else if (waitSeconds === 0) resolve([]);
      else {
        this.#polls.push(give);
        const abort = () => {
          this.#polls.splice(this.#polls.indexOf(give), 1);
          reject(signal?.reason);
        };
        signal?.addEventListener('abort', abort, { once: true });
      }
    });

  delete: Queue['delete'] = async (receipts) => {
    this.deletions.push(receipts);
    return [];
  };

  deadLetter: Queue['deadLetter'] = async ({ id }, reason) => {
    this.deadLetters.push({ id, reason });
    return `dead-${id}`;
  };

  depth: Queue['depth'] = async () => ({ visible: 3, inFlight: 2, delayed: 1 });
  deadLetterDepth: Queue['deadLetterDepth'] = async () => ({
    visible: this.deadLetters.length,
    inFlight: 0,
    delayed: 0,
  });
  /** What `serverState` answers. */
  server: QueueServerState | undefined;
  serverState = async () => this.server;
  send: Queue['send'] = async () => [];
  close(): void {}
}
