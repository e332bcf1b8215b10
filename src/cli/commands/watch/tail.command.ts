import type { FleetEvent } from '../../../fleet/fleet-events.js';
import type { EventQuery, FleetReader } from '../../../puller/fleet-client.js';
import { openFleet } from '../../../runtime/session.js';
import { command } from '../../command.js';
import * as option from '../../options.js';
import { eventLine } from '../../output/fleet-text.js';

/** How long a node may take to pull the image of a puller that replaces the one of `up` (`deploy puller`). */
const RETRY_FOR_MS = 120_000;

export const tail = command({
  name: 'tail',
  summary: 'show the readings of the fleet as they arrive',
  modes: ['text', 'ndjson'],
  settings: ['stateDir', 'pullerUrl', 'token', 'viewerToken'],
  options: {
    region: option.value('--region <region>', 'only readings of this region', option.text),
    fields: option.metrics(),
    limit: option.value('--limit <count>', 'exit after this many events', option.integer(1)),
    since: option.since('start with what was received since then'),
  },
  examples: ['wasm-sensors tail --region eu', 'wasm-sensors tail -o ndjson --since 5m | jq .color'],
  async action({ out, settings, options: { region, fields, limit, since } }) {
    const query: EventQuery = { kinds: ['reading', 'message', 'alert'] };
    if (region !== undefined) query.region = region;
    if (since !== undefined) query.since = since;
    const fleet = openFleet(settings, RETRY_FOR_MS);
    for (const text of await unknownNames(fleet, region, fields)) out.note(text);
    let shown = 0;
    for await (const event of fleet.events(query)) {
      const selected = fields ? withFields(event, fields) : event;
      out.event(flat(selected), (style) => eventLine(selected, style));
      if (++shown === limit) break;
    }
  },
});

/** Names that no sensor has sent are most often misspelt: nothing would be shown, without a word. */
async function unknownNames(fleet: FleetReader, region: string | undefined, fields: string[] = []): Promise<string[]> {
  const note = (kind: string, given: string[], known: string[]) =>
    given
      .filter((name) => !known.includes(name))
      .map((name) => `no reading has the ${kind} ${name} yet, so this waits; there are: ${known.join(', ') || 'none'}`);
  const regions = region === undefined ? [] : (await fleet.summary()).regions.map((one) => one.region);
  const sensors = fields.length === 0 ? [] : (await fleet.snapshot()).sensors;
  const measured = new Set(sensors.flatMap(({ values = {} }) => Object.keys(values)));
  return [...note('region', region === undefined ? [] : [region], regions), ...note('field', fields, [...measured])];
}

/** A reading has its fields at the top, as `export` writes them. */
function flat(event: FleetEvent): object {
  if (event.event !== 'reading') return event;
  const { reading, ...rest } = event;
  return { ...rest, ...reading };
}

function withFields(event: FleetEvent, names: string[]): FleetEvent {
  if (event.event !== 'reading' || event.reading.values === undefined) return event;
  const values = Object.entries(event.reading.values).filter(([name]) => names.includes(name));
  return { ...event, reading: { ...event.reading, values: Object.fromEntries(values) } };
}
