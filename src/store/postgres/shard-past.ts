/** What came to a shard of the store, whoever holds it. */
import type { MeasuredValues } from '../../protocol/measured-values.js';
import type { Message, Reading } from '../../protocol/message.js';
import type { PastStore, StoredMessage, StoredReading, StorePosition } from '../store.js';
import type { Run } from './database.js';

export class ShardPast implements PastStore {
  constructor(
    private readonly run: Run,
    private readonly shard: number,
  ) {}

  async positionAt(since: number, limit: number): Promise<StorePosition> {
    const [reading] = await this.run<{ id: number | null; last: number | null }>(
      `select min(id) filter (where received_at >= $1) - 1 as id, max(id) as last
       from (select id, received_at from readings where shard = $3 order by id desc limit $2) as newest`,
      [since, limit, this.shard],
    );
    const [beyond] = await this.run<StorePosition['message']>(
      `select number as id, received_at as "receivedAt" from messages where shard = $3 and received_at >= $1
       order by received_at desc, number desc limit 1 offset $2`,
      [since, limit, this.shard],
    );
    return { reading: reading?.id ?? reading?.last ?? 0, message: beyond ?? { receivedAt: since, id: 0 } };
  }

  async readingsAfter(id: number, limit: number): Promise<StoredReading[]> {
    const rows = await this.run<ReadingRow>(
      `select id, received_at as "receivedAt", sensor_config as config, measured_values as values,
         execution_id, sequence, job_id, hostname, region, timestamp, color, icon_name, job_submission_time
       from readings where shard = $3 and id > $1 order by id limit $2`,
      [id, limit, this.shard],
    );
    return rows.map(({ id: at, receivedAt, config, values, ...reading }) => ({
      id: at,
      reading: values === null ? reading : { ...reading, values },
      config,
      receivedAt,
    }));
  }

  async messagesAfter(
    { receivedAt, id }: StorePosition['message'],
    limit: number,
    bytes: number,
  ): Promise<StoredMessage[]> {
    const rows = await this.run<{ id: number; receivedAt: number; body: string }>(
      `select number as id, received_at as "receivedAt", body from (
         select *, sum(octet_length(body)) over (order by received_at, number) - octet_length(body) as before from (
           select * from messages where shard = $5 and (received_at, number) > ($1, $2) order by received_at, number limit $3
         ) as next
       ) as next where before < $4 order by 2, 1`,
      [receivedAt, id, limit, bytes, this.shard],
    );
    return rows.map(({ body, ...row }) => ({ ...row, message: JSON.parse(body) as Message, size: body.length }));
  }
}

interface ReadingRow extends Omit<Reading, 'values'> {
  id: number;
  config: string | null;
  receivedAt: number;
  values: MeasuredValues | null;
}
