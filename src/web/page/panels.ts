/** A panel for each region: its sensors as tiles, or as a mosaic when there are many; its colours and its counts. */
import type { RegionView } from '../../fleet/fleet-view.js';
import { showColors } from './color.js';
import { type Counts, showCounts } from './counts.js';
import { arrange, byId, fill, find, setText, stamp } from './dom.js';
import { draw } from './draw.js';
import { byNumber, whole } from './format.js';
import { Mosaic } from './mosaic.js';
import { compareRegions, KNOWN_REGIONS } from './regions.js';
import { hashOf, select } from './selection.js';
import { type ShownSensor, sensorsIn } from './sensors.js';
import { Tiles } from './tiles.js';

/** A region with more sensors shows a mosaic. */
const MAX_TILES = 48;
/** Sorting for each new sensor would take too long while thousands start. */
const LAY_OUT_MANY_EVERY_MS = 1_000;

type PanelCounts = Counts & Pick<RegionView, 'cut' | 'colors'>;
const NOTHING: PanelCounts = {
  cut: false,
  live: 0,
  paused: 0,
  silent: 0,
  rate: 0,
  received: 0,
  gaps: 0,
  dropped: 0,
  waiting: 0,
  unaccounted: 0,
  late: 0,
  duplicates: 0,
  colors: [],
};

class Panel {
  readonly node = stamp('panel-template');
  readonly #region: string;
  readonly #caption = find(this.node, '.caption');
  readonly #tiles = new Tiles(find(this.node, '.tiles'), this.#caption);
  readonly #mosaic: Mosaic;
  #many = false;
  #arrived = new Set<ShownSensor>();
  #changed = true;
  #laidOutAt = Number.NEGATIVE_INFINITY;

  /** `id`: of its heading. */
  constructor(region: string, id: string) {
    this.#region = region;
    this.node.dataset.region = region;
    find(this.node, 'h2').id = id;
    this.node.setAttribute('aria-labelledby', id);
    fill(this.node, { region, place: KNOWN_REGIONS.get(region) ?? '' });
    find(this.node, 'h2 a', HTMLAnchorElement).href = hashOf({ region });
    const canvas = find(this.node, 'canvas', HTMLCanvasElement);
    this.#mosaic = new Mosaic(canvas);
    canvas.addEventListener('pointermove', (event) => {
      canvas.title = this.#mosaic.sensorAt(event)?.hostname ?? '';
    });
    canvas.addEventListener('click', (event) => {
      const sensor = this.#mosaic.sensorAt(event);
      if (sensor) select({ region: sensor.region, host: sensor.hostname });
    });
    const stage = find(this.node, '.stage');
    let width = 0;
    new ResizeObserver(() => {
      if (stage.clientWidth === width) return;
      width = stage.clientWidth;
      this.#mosaic.resized();
      draw();
    }).observe(stage);
  }

  /** A sensor was added or removed, or its state has changed. */
  change(): void {
    this.#changed = true;
  }

  /** A reading of this sensor arrived. */
  showArrival(sensor: ShownSensor): void {
    this.#arrived.add(sensor);
  }

  draw(now: number): boolean {
    if (this.#changed && (!this.#many || now - this.#laidOutAt >= LAY_OUT_MANY_EVERY_MS)) {
      this.#changed = false;
      this.#laidOutAt = now;
      this.#layOut();
    }
    const arrived = this.#arrived;
    this.#arrived = new Set();
    if (this.#many) return this.#mosaic.draw(arrived) || this.#changed;
    this.#tiles.draw(arrived);
    return this.#changed;
  }

  #layOut(): void {
    const sensors = sensorsIn({ region: this.#region }).sort((a, b) => byNumber(a.hostname, b.hostname));
    this.#many = sensors.length > MAX_TILES;
    if (sensors.length === 0) setText(this.#caption, 'no sensors yet');
    this.#tiles.show(this.#many ? [] : sensors);
    this.#mosaic.show(this.#many ? sensors : []);
  }

  showCounts(counts: PanelCounts): void {
    showCounts(this.node, counts);
    find(this.node, '.cut').hidden = !counts.cut;
    const empty = counts.paused + counts.silent > 0 ? '; empty: silent or paused' : '';
    if (this.#many) setText(this.#caption, `each cell is a sensor${empty}`);
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
  const inOrder = [...panels].sort(([a], [b]) => compareRegions(a, b));
  const nodes = inOrder.map(([, { node }]) => node);
  arrange(byId('panels'), nodes);
}

export const addKnownRegions = (): void => addPanels(KNOWN_REGIONS.keys());

/** A reading of this sensor arrived. */
export function showInPanel({ sensor, isNew }: { sensor: ShownSensor; isNew: boolean }): void {
  const panel = panels.get(sensor.region);
  if (isNew) panel?.change();
  panel?.showArrival(sensor);
}

export function changePanels(): void {
  for (const panel of panels.values()) panel.change();
}

/** The regions of the summary that are shown; `hidden`: how many others there are. */
export function showPanels(regions: RegionView[], hidden: number): void {
  const more = `${whole(hidden)} more regions are only in the counts of the fleet.`;
  setText(byId('more-regions'), hidden > 0 ? more : '');
  if (regions.some(({ region }) => !panels.has(region))) addPanels(regions.map(({ region }) => region));
  // A restarted puller may no longer know a region.
  for (const [region, panel] of panels) panel.showCounts(regions.find((view) => view.region === region) ?? NOTHING);
}

export function drawPanels(now: number): boolean {
  let more = false;
  for (const panel of panels.values()) more = panel.draw(now) || more;
  return more;
}
