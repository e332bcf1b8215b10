import { Option } from 'commander';
import type { FleetEvent } from '../../fleet/fleet-events.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { EventQuery } from '../../puller/fleet-client.js';
import { openFleet } from '../../runtime/session.js';
import type { CommandSpec } from '../command.js';
import { integerOption } from '../command-options.js';
import { eventLine } from '../output/fleet-text.js';

/** How long a node may take to pull the image of a puller that replaces the one of `up` (`deploy puller`). */
const RETRY_FOR_MS = 120_000;

export const tail: CommandSpec = {
  name: 'tail',
  summary: 'show the readings of the fleet as they arrive',
  modes: ['text', 'ndjson'],
  settings: ['stateDir', 'pullerUrl', 'token', 'viewerToken'],
  options: [
    new Option('--region <region>', 'only readings of this region'),
    new Option('--fields <names>', 'of the measured values only these, such as temperature,humidity'),
    new Option('--limit <count>', 'exit after this many events'),
    new Option('--since <when>', 'start with what was received since then: 30s, 5m, 2h, or an ISO 8601 time'),
  ],
  examples: ['wasm-sensors tail --region eu', 'wasm-sensors tail -o ndjson --since 5m | jq .reading.color'],
  async action({ out, settings, options }) {
    const limit = integerOption(options.limit, '--limit', 1) ?? Number.POSITIVE_INFINITY;
    const query: EventQuery = { kinds: ['reading', 'message', 'alert'] };
    if (options.region !== undefined) query.region = String(options.region);
    if (options.since !== undefined) query.since = parseSince(String(options.since), Date.now());
    const fields = options.fields === undefined ? undefined : String(options.fields).split(',');
    let shown = 0;
    for await (const event of openFleet(settings, RETRY_FOR_MS).events(query)) {
      const selected = fields ? withFields(event, fields) : event;
      out.event(selected, (style) => eventLine(selected, style));
      if (++shown >= limit) break;
    }
    return 0;
  },
};

/** Leaves of the measured values only those with these names. */
function withFields(event: FleetEvent, names: string[]): FleetEvent {
  if (event.event !== 'reading' || event.reading.values === undefined) return event;
  const values = Object.entries(event.reading.values).filter(([name]) => names.includes(name));
  return { ...event, reading: { ...event.reading, values: Object.fromEntries(values) } };
}

/** Unix milliseconds of a duration before `now`, or of an ISO time. */
function parseSince(text: string, now: number): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  const time = match ? now - Number(match[1]) * units[match[2] as keyof typeof units] : Date.parse(text);
  if (!Number.isNaN(time)) return Math.floor(time);
  throw new AppError('BAD_OPTION', `--since: ${JSON.stringify(text)} is neither a duration nor a time`, {
    hint: 'For example: 30s, 5m, 2h, 2026-01-31T12:00:00Z.',
  });
}
