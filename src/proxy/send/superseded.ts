/** Recognises readings of a submission that a newer one has replaced on the same host. */
import type { Message } from '../../protocol/message.js';

/** For each shard. More hosts than this are not remembered; the one whose submission came first is forgotten first. */
const MAX_HOSTS = 200_000;

export class SupersededFilter {
  readonly #newest = new Map<string, number>();
  readonly #maxHosts: number;

  constructor(shards = 1) {
    this.#maxHosts = shards * MAX_HOSTS;
  }

  /**
   * Whether a newer submission of the same job has sent from the same host, and the message was taken after that was
   * submitted: what an older one has kept from before is data. Jobs are distinguished by their region, because Bacalhau before
   * 1.8 gives every submission another job id. A message without these fields is never superseded.
   */
  isSuperseded(message: Message): boolean {
    const { hostname, region, job_submission_time: time, timestamp } = message;
    if (typeof hostname !== 'string' || typeof region !== 'string' || typeof time !== 'number' || time === 0)
      return false;
    const key = `${hostname}\n${region}`;
    const newest = this.#newest.get(key);
    if (newest !== undefined && newest >= time) return newest > time && !(Date.parse(String(timestamp)) <= newest);
    this.#newest.delete(key);
    this.#newest.set(key, time);
    if (this.#newest.size > this.#maxHosts) this.#newest.delete(this.#newest.keys().next().value!);
    return false;
  }
}
