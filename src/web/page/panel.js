/** A region's panel: its sensors as tiles, or as a mosaic when there are many; its colours and its counts. */
/** @import { RegionView } from '../../fleet/fleet-view.js' */
/** @import { Counts } from './format.js' */
/** @import { ShownSensor } from './sensors.js' */
import { showColors } from './colors.js';
import { fill, find, setText, stamp } from './dom.js';
import { byNumber, countTexts, markProblems } from './format.js';
import { draw } from './frames.js';
import { Mosaic } from './mosaic.js';
import { hashOf, select } from './selection.js';
import { sensorsOf } from './sensors.js';
import { Tiles } from './tiles.js';

/** A region with more sensors shows a mosaic. */
const MAX_TILES = 48;
/** Sorting for each new sensor would take too long while thousands start. */
const LAY_OUT_MANY_EVERY_MS = 1_000;

/** @typedef {Counts & Pick<RegionView, 'cut' | 'colors'>} PanelCounts */

export class Panel {
  #region;
  #caption;
  #tiles;
  #mosaic;
  #many = false;
  /** @type {Set<ShownSensor>} */
  #arrived = new Set();
  #changed = true;
  #laidOutAt = Number.NEGATIVE_INFINITY;

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
    this.#caption = find(stage, '.caption');
    this.#tiles = new Tiles(find(stage, '.tiles'), this.#caption);
    this.#mosaic = new Mosaic(/** @type {HTMLCanvasElement} */ (find(stage, 'canvas')));
    this.#listen(find(stage, 'canvas'), find(this.node, 'h2 a'));
    let width = 0;
    new ResizeObserver(() => {
      if (stage.clientWidth === width) return;
      width = stage.clientWidth;
      this.#mosaic.resized();
      draw();
    }).observe(stage);
  }

  /**
   * The name of the region and each cell lead to their details.
   * @param {HTMLElement} canvas
   * @param {HTMLElement} link
   */
  #listen(canvas, link) {
    link.setAttribute('href', hashOf({ region: this.#region }));
    canvas.addEventListener('pointermove', (event) => {
      canvas.title = this.#mosaic.sensorAt(event)?.hostname ?? '';
    });
    canvas.addEventListener('click', (event) => {
      const sensor = this.#mosaic.sensorAt(event);
      if (sensor) select({ region: sensor.region, host: sensor.hostname });
    });
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
    if (this.#changed && (!this.#many || now - this.#laidOutAt >= LAY_OUT_MANY_EVERY_MS)) {
      this.#changed = false;
      this.#laidOutAt = now;
      this.#layOut();
    }
    const more = this.#many ? this.#mosaic.draw(this.#arrived) : this.#tiles.draw(this.#arrived);
    this.#arrived = new Set();
    return more || this.#changed;
  }

  #layOut() {
    const sensors = sensorsOf(this.#region).sort((a, b) => byNumber(a.hostname, b.hostname));
    this.#many = sensors.length > MAX_TILES;
    if (sensors.length === 0) setText(this.#caption, 'no sensors yet');
    this.#tiles.show(this.#many ? [] : sensors);
    this.#mosaic.show(this.#many ? sensors : []);
  }

  /** @param {PanelCounts} counts of the region in the summary */
  showCounts(counts) {
    fill(this.node, countTexts(counts));
    markProblems(this.node, counts);
    find(this.node, '.cut').hidden = !counts.cut;
    const empty = counts.paused + counts.silent > 0 ? '; empty: silent or paused' : '';
    if (this.#many) setText(this.#caption, `each cell is a sensor${empty}`);
    this.node.classList.toggle('silent', counts.live === 0 && counts.silent > 0);
    showColors(find(this.node, '.mix'), counts);
  }
}
