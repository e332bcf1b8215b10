/** What every action gets, and how it finds its queue. */
import type { LiveQueue } from '../live-queue.js';
import { ACCOUNT_ID } from '../protocol/queue-attributes.js';
import { type Input, optionalInteger, optionalString, requiredString } from '../protocol/request-input.js';
import { invalidValue, noSuchQueue } from '../protocol/sqs-error.js';
import type { QueueService } from '../queue-service.js';

export interface Context {
  service: QueueService;
  /** Origin of the queue URLs, such as `http://127.0.0.1:9324`. */
  baseUrl: string;
  /** Elapsed milliseconds, for everything that lasts. */
  now: number;
  /** Whether a queue can be purged once in 60 seconds only. */
  purgeInterval: boolean;
  /** `X-Amzn-Trace-Id` of the request. */
  trace: string | undefined;
  /** Unix milliseconds by the wall clock, for what clients are shown. */
  wall: number;
  /** Aborted when the client disconnects. A function, because creating a signal costs as much as parsing the request. */
  signal: () => AbortSignal | undefined;
}

/**
 * The answer's members, without those that are undefined; undefined for an empty answer. It is sent once everything that the
 * action wrote is on disk.
 */
export type Output = Record<string, unknown> | undefined;
export type Action = (context: Context, input: Input) => Output | Promise<Output>;

export const queueUrl = ({ baseUrl }: Context, name: string): string => `${baseUrl}/${ACCOUNT_ID}/${name}`;

/**
 * The queue that the request names by its URL, or by its name alone. Any host will do, because behind a link it differs
 * from ours.
 */
export function queueOf(context: Context, input: Input): LiveQueue {
  const [name = '', account = ACCOUNT_ID] = requiredString(input, 'QueueUrl').split('/').reverse();
  const queue = account === ACCOUNT_ID ? context.service.find(name) : undefined;
  if (!queue) throw noSuchQueue();
  return queue;
}

/** The page of queues (by name) that the request asks for. Without `MaxResults`: the first thousand, and no token. */
export function page(context: Context, input: Input, queues: LiveQueue[]): { urls: string[]; NextToken?: string } {
  const max = optionalInteger(input, 'MaxResults', 1, 1000);
  const token = optionalString(input, 'NextToken');
  const last = token === undefined ? '' : Buffer.from(token, 'base64url').toString();
  if (token !== undefined && (max === undefined || last === '')) {
    const reason = 'It must come from an earlier answer, and be given together with MaxResults.';
    throw invalidValue('NextToken', token, reason);
  }
  const names = queues.map(({ record }) => record.name).sort();
  const rest = names.filter((name) => name > last);
  const chosen = rest.slice(0, max ?? 1000);
  const urls = chosen.map((name) => queueUrl(context, name));
  if (max === undefined || rest.length <= max) return { urls };
  return { urls, NextToken: Buffer.from(chosen.at(-1)!).toString('base64url') };
}
