/**
 * Signs requests to SQS (AWS Signature Version 4). The SDK does it, too, but looks for its credentials, endpoint and signer
 * anew for every request, which costs more than the request.
 */
import { createHash, createHmac } from 'node:crypto';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

/** AWS refuses requests whose time differs by more than this. */
const MAX_SKEW_MS = 300_000;

export class SqsSigner {
  /** A key holds for a day, and signs all requests of it. */
  #kept: { secret: string; day: string; key: Buffer } | undefined;
  /** How far the clock of AWS is ahead of this one, where that is too much. */
  #aheadMs = 0;

  constructor(private readonly region: string) {}

  /** All headers of a `POST /` with these and this body. `now` in Unix milliseconds. */
  sign(
    request: { host: string; headers: Record<string, string>; body: Buffer },
    { accessKeyId, secretAccessKey, sessionToken }: Credentials,
    now: number,
  ): Record<string, string> {
    const time = new Date(now + this.#aheadMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
    const headers: Record<string, string> = { ...request.headers, host: request.host, 'x-amz-date': time };
    if (sessionToken !== undefined) headers['x-amz-security-token'] = sessionToken;
    const names = Object.keys(headers).sort();
    const lines = names.map((name) => `${name}:${headers[name]}\n`).join('');
    const canonical = ['POST', '/', '', lines, names.join(';'), sha256(request.body)].join('\n');
    const day = time.slice(0, 8);
    const scope = `${day}/${this.region}/sqs/aws4_request`;
    const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
    const signature = hmac(this.#keyFor(secretAccessKey, day), text).toString('hex');
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
    return headers;
  }

  /** Takes the time of a server that has refused a request (its header `date`) when this clock is wrong. */
  correct(date: string | undefined, now: number): void {
    const aheadMs = Date.parse(date ?? '') - now;
    if (Math.abs(aheadMs - this.#aheadMs) >= MAX_SKEW_MS) this.#aheadMs = aheadMs;
  }

  #keyFor(secret: string, day: string): Buffer {
    if (this.#kept?.secret !== secret || this.#kept.day !== day) {
      const key = [day, this.region, 'sqs', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`);
      this.#kept = { secret, day, key: Buffer.from(key) };
    }
    return this.#kept.key;
  }
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
