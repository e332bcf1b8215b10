/** A region's panel: its sensors as tiles, or as a mosaic when there are many; its colours and its counts. */
/** @import { RegionView } from '../../fleet/fleet-view.js' */
/** @import { Counts } from './format.js' */
/** @import { ShownSensor } from './sensors.js' */
import { paint, safeColor } from './color.js';
import { create, fill, find, resize, stamp } from './dom.js';
import { byNumber, countTexts, markProblems } from './format.js';
import { draw } from './frames.js';
import { Mosaic } from './mosaic.js';
import { sensorsOf } from './sensors.js';
import { Tiles } from './tiles.js';

/** A region with more sensors shows a mosaic. */
const MAX_TILES = 48;
/** The mosaic is drawn in every second frame. */
const MOSAIC_EVERY_MS = 30;
/** Sorting for each new sensor would take too long while thousands start. */
const LAY_OUT_EVERY_MS = 250;

/** @typedef {Counts & Pick<RegionView, 'cut' | 'colors'>} PanelCounts */

export class Panel {
  #region;
  #none;
  #tiles;
  #mosaic;
  #many = false;
  /** @type {Set<ShownSensor>} */
  #arrived = new Set();
  #changed = true;
  #laidOutAt = Number.NEGATIVE_INFINITY;
  #drawnAt = 0;

  /**
   * @param {string} region
   * @param {{ id: string, place: string }} title `id` of the heading; `place`: the name of the region for people
   */
  constructor(region, { id, place }) {
    this.#region = region;
    this.node = stamp('panel-template');
    this.node.dataset.region = region;
    find(this.node, 'h2').id = id;
    this.node.setAttribute('aria-labelledby', id);
    fill(this.node, { region, place });
    const stage = find(this.node, '.stage');
    this.#none = find(stage, '.none');
    this.#tiles = new Tiles(find(stage, '.tiles'));
    this.#mosaic = new Mosaic(/** @type {HTMLCanvasElement} */ (find(stage, 'canvas')));
    new ResizeObserver(() => {
      this.#mosaic.resized();
      draw();
    }).observe(stage);
  }

  /** A sensor was added or removed, or its state has changed. */
  change() {
    this.#changed = true;
  }

  /**
   * A reading of this sensor arrived.
   * @param {ShownSensor} sensor
   */
  showArrival(sensor) {
    this.#arrived.add(sensor);
  }

  /**
   * See frames.js.
   * @param {number} now
   */
  draw(now) {
    if (this.#changed && now - this.#laidOutAt >= LAY_OUT_EVERY_MS) {
      this.#changed = false;
      this.#laidOutAt = now;
      this.#layOut();
    }
    if (this.#many && now - this.#drawnAt < MOSAIC_EVERY_MS) return true;
    this.#drawnAt = now;
    let flashing = false;
    if (this.#many) flashing = this.#mosaic.draw(this.#arrived, now);
    else this.#tiles.draw(this.#arrived);
    this.#arrived.clear();
    return this.#changed || flashing;
  }

  #layOut() {
    const sensors = sensorsOf(this.#region).sort((a, b) => byNumber(a.hostname, b.hostname));
    this.#many = sensors.length > MAX_TILES;
    this.#none.hidden = sensors.length > 0;
    this.#tiles.show(this.#many ? [] : sensors);
    this.#mosaic.show(this.#many ? sensors : []);
  }

  /** @param {PanelCounts} counts of the region in the summary */
  showCounts(counts) {
    fill(this.node, countTexts(counts));
    markProblems(this.node, counts);
    find(this.node, '.cut').hidden = !counts.cut;
    this.node.classList.toggle('silent', counts.live === 0 && counts.silent > 0);
    this.#showMix(counts);
  }

  /**
   * Shows how many live sensors have each colour.
   * @param {PanelCounts} counts
   */
  #showMix({ live, colors }) {
    const mix = find(this.node, '.mix');
    const others = live - colors.reduce((sum, { sensors }) => sum + sensors, 0);
    const parts = [...colors, ...(others > 0 ? [{ color: '', sensors: others }] : [])];
    const words = parts.map(({ color, sensors }) => `${color || 'others'} on ${sensors}`);
    mix.setAttribute('aria-label', `colours: ${words.join(', ') || 'none'}`);
    const bars = resize(mix, parts.length, () => create('span', ''));
    for (const [i, bar] of bars.entries()) {
      const { color = '', sensors = 0 } = parts[i] ?? {};
      paint(bar, safeColor(color));
      bar.style.flexGrow = String(sensors);
    }
  }
}
