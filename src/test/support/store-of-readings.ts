/** A store with readings in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reading } from '../../protocol/message.js';
import { SqliteStore } from '../../store/sqlite/sqlite-store.js';

/** The first reading is received then; each further one a second later. */
export const FIRST_AT = 1_750_000_000_000;

export class StoreOfReadings {
  readonly folder = mkdtempSync(join(tmpdir(), 'store-'));
  readonly path = join(this.folder, 'it is a #1 store?.db');
  readonly #sink = new SqliteStore(this.path);
  #count = 0;

  /** Stores readings of eu and us in turn; `over` changes each. */
  add(count: number, over: (n: number) => Partial<Reading> = () => ({})): void {
    const deliveries = Array.from({ length: count }, () => {
      const n = this.#count++;
      const region = n % 2 === 0 ? 'eu' : 'us';
      const reading: Reading = {
        ...{ job_id: 'j-1', execution_id: `e-${region}`, icon_name: '🦊', color: '#ff5733', job_submission_time: 1 },
        ...{
          timestamp: new Date(FIRST_AT + n * 1000).toISOString(),
          sequence: n + 1,
          region,
          hostname: `edge-${region}-1`,
        },
        values: { temperature: n },
        ...over(n),
      };
      const body = JSON.stringify(reading);
      return {
        id: String(n),
        body,
        message: { ...reading },
        reading,
        config: undefined,
        receivedAt: FIRST_AT + n * 1000,
      };
    });
    this.#sink.append(deliveries);
  }

  close(): void {
    this.#sink.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const countReadings = ({ database }: SqliteStore): number =>
  (database.prepare('select count(*) as n from readings').get() as { n: number }).n;
