/** Sends one reading to a proxy, as the sensor of its host does. */
import { AppError } from '../lib/errors/app-error.js';
import type { Message } from '../protocol/message.js';

export interface SendAnswer {
  /** HTTP status. */
  status: number;
  /** The answer's own `status`, such as `accepted` or `superseded`; '' where it has none. */
  outcome: string;
}

const ANSWER_MS = 10_000;

/** `token`: the sensor token of the reading's host. Rejects with `PROXY_GONE` when no proxy answers. */
export async function sendReading(proxyUrl: string, reading: Message, token: string): Promise<SendAnswer> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const body = JSON.stringify(reading);
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(`${proxyUrl}/send`, { method: 'POST', headers, body, signal });
    const { status } = (await response.json()) as { status?: string };
    return { status: response.status, outcome: status ?? '' };
  } catch (cause) {
    throw new AppError('PROXY_GONE', `the proxy at ${proxyUrl} does not answer`, { cause });
  }
}
