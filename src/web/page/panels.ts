/** A panel for each region: its sensors as tiles, or as a mosaic when there are many; its colours and its counts. */
import type { FleetSummary, RegionView } from '../../fleet/fleet-view.js';
import type { RelayView } from '../../fleet/relays.js';
import { showColors } from './color.js';
import { arrange, byId, fill, find, setText, stamp } from './dom.js';
import { byNumber, numberText, whole } from './format.js';
import { mosaicOn } from './mosaic.js';
import { compareRegions, KNOWN_REGIONS } from './regions.js';
import { hashOf, select } from './selection.js';
import { type ShownSensor, sensorsIn, showsPart } from './sensors.js';
import { Tiles } from './tiles.js';

/** A region with more sensors shows a mosaic. */
const MAX_TILES = 48;
/** Any sender can name regions, so further ones are only counted. */
const MAX_PANELS = 12;

type Counts = Omit<FleetSummary['total'], 'last_seen'>;
type PanelCounts = Counts & Pick<RegionView, 'cut' | 'colors'>;

const SHOULD_BE_ZERO = new Set(['silent', 'gaps', 'unaccounted']);
/** Shown only where there are some. */
const MOSTLY_ZERO = new Set(['paused', 'kept', 'unaccounted']);
const NO_READINGS = { received: 0, gaps: 0, dropped: 0, waiting: 0, unaccounted: 0, late: 0, duplicates: 0 };
const NO_COUNTS = { live: 0, paused: 0, silent: 0, rate: 0, ...NO_READINGS };
const NOTHING: PanelCounts = { ...NO_COUNTS, cut: false, colors: [] };

/** Fills the places of the counts in a node, and marks those that should be zero and are not, and those that are. */
function showCounts(node: HTMLElement, { rate, ...counts }: Counts): void {
  const { live, paused, silent, received, gaps, waiting: kept, unaccounted, late, duplicates } = counts;
  const shown = { live, paused, silent, received, gaps, kept, unaccounted, late, duplicates };
  const texts = Object.entries(shown).map(([name, count]) => {
    const place = node.querySelector(`[data-f="${name}"]`);
    place?.classList.toggle('zero', count === 0);
    const fact = place?.closest('div');
    if (fact && MOSTLY_ZERO.has(name)) fact.hidden = count === 0;
    if (SHOULD_BE_ZERO.has(name)) place?.classList.toggle('bad', count > 0);
    return [name, whole(count)];
  });
  fill(node, { rate: numberText('readings.rate', rate), ...Object.fromEntries(texts) });
}

class Panel {
  readonly node = stamp('panel-template');
  readonly #tiles = new Tiles(find(this.node, '.tiles'));
  readonly #canvas = find(this.node, 'canvas', HTMLCanvasElement);
  readonly #mosaic = mosaicOn(this.#canvas);
  #many = false;
  /** Sensors of which a reading arrived since it was drawn. */
  arrived = new Set<ShownSensor>();
  /** A sensor was added or removed, or its state has changed. */
  changed = true;

  /** `id`: of its heading. */
  constructor(
    readonly region: string,
    id: string,
  ) {
    this.node.dataset.region = region;
    find(this.node, 'h2').id = id;
    this.node.setAttribute('aria-labelledby', id);
    fill(this.node, { region, place: KNOWN_REGIONS.get(region) ?? '' });
    find(this.node, 'h2 a', HTMLAnchorElement).href = hashOf({ region });
    this.#canvas.addEventListener('pointermove', (event) => {
      this.#canvas.title = this.#mosaic.sensorAt(event)?.hostname ?? '';
    });
    this.#canvas.addEventListener('click', (event) => {
      const sensor = this.#mosaic.sensorAt(event);
      if (sensor) select({ region: sensor.region, host: sensor.hostname });
    });
  }

  draw(): void {
    if (this.#many) this.#mosaic.draw(this.arrived);
    else this.#tiles.draw(this.arrived);
    this.arrived = new Set();
  }

  /** With each summary, because sorting for each new sensor would take too long while thousands start. */
  show(counts: PanelCounts, relays: RelayView[]): void {
    const sensors = sensorsIn({ region: this.region });
    this.#many = sensors.length > MAX_TILES;
    if (!this.#many || this.changed) sensors.sort((a, b) => byNumber(a.hostname, b.hostname));
    if (this.changed) this.#mosaic.show(this.#many ? sensors : []);
    this.changed = false;
    const alike = this.#tiles.show(this.#many ? [] : sensors);
    const empty = counts.paused + counts.silent > 0 ? '; empty: silent or paused' : '';
    const all = counts.live + counts.paused + counts.silent;
    const part = showsPart() ? `; ${whole(sensors.length)} of ${whole(all)} are shown` : '';
    const caption = this.#many ? `each cell is a sensor${empty}${part}` : alike;
    setText(find(this.node, '.caption'), sensors.length === 0 ? 'no sensors yet' : caption);
    showCounts(this.node, counts);
    find(this.node, '.cut').hidden = !counts.cut;
    const relayed = find(this.node, '.relayed');
    relayed.hidden = relays.length === 0;
    const kept = relays.reduce((sum, { backlog }) => sum + backlog, 0);
    // What one that is away keeps is not known.
    const away = relays.some((relay) => relay.away);
    setText(find(relayed, 'dd'), `${away && kept === 0 ? '?' : whole(kept)}${away ? ' · away' : ''}`);
    this.node.classList.toggle('silent', counts.live === 0 && counts.silent > 0);
    showColors(find(this.node, '.mix'), counts);
  }
}

const panels = new Map<string, Panel>();

/** In the order of the summary; those that it does not have are the last. */
function addPanels(regions: Iterable<string>): void {
  for (const region of regions) {
    if (!panels.has(region)) panels.set(region, new Panel(region, `panel-${panels.size}`));
  }
  const inOrder = [...panels.values()].sort((a, b) => compareRegions(a.region, b.region));
  arrange(
    byId('panels'),
    Array.from(inOrder, ({ node }) => node),
  );
}

export const addKnownRegions = (): void => addPanels(KNOWN_REGIONS.keys());

export function showInPanel({ sensor, isNew }: { sensor: ShownSensor; isNew: boolean }): void {
  const panel = panels.get(sensor.region);
  if (!panel) return;
  panel.changed ||= isNew;
  panel.arrived.add(sensor);
}

export function changePanels(): void {
  for (const panel of panels.values()) panel.changed = true;
}

/** Such as `2 paused, 1 silent`: of what there is some. */
const someText = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .flatMap(([name, count]) => (count > 0 ? `${whole(count)} ${name}` : []))
    .join(', ');

export function showPanels({ regions, total, relays }: FleetSummary): void {
  showCounts(byId('totals'), total);
  const { paused, silent, waiting, unaccounted } = total;
  const kept = someText({ waiting, unaccounted });
  fill(byId('totals'), { others: someText({ paused, silent }), 'kept-or-lost': kept });
  const shown = regions.slice(0, MAX_PANELS);
  const hidden = regions.length - shown.length;
  setText(byId('more-regions'), hidden > 0 ? `${whole(hidden)} more regions are only in the counts of the fleet.` : '');
  if (shown.some(({ region }) => !panels.has(region))) addPanels(shown.map(({ region }) => region));
  // A restarted puller may no longer know a region.
  for (const [name, panel] of panels) {
    const own = relays.filter(({ region }) => region === name);
    panel.show(shown.find(({ region }) => region === name) ?? NOTHING, own);
  }
}

export function drawPanels(): void {
  for (const panel of panels.values()) panel.draw();
}
