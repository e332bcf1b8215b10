/** A region's panel: its sensors as tiles, or as a mosaic when they are many; its colours and its counts. */
import { paint, safeColor } from './color.js';
import { countTexts, markTroubles } from './counts.js';
import { create, fill, resize, stamp } from './dom.js';
import { byNumber } from './format.js';
import { draw } from './frames.js';
import { Mosaic } from './mosaic.js';
import { sensorsOf } from './sensors.js';
import { Tiles } from './tiles.js';

/** A region with more sensors shows them as a mosaic. */
const MAX_TILES = 48;
/** Half the frames are enough for it. */
const MOSAIC_EVERY_MS = 30;
/** While thousands of sensors start, sorting them for each new one would take all the time. */
const LAY_OUT_EVERY_MS = 250;

export class Panel {
  #region;
  #none;
  #tiles;
  #mosaic;
  #many = false;
  #arrived = new Set();
  #changed = true;
  #laidOutAt = Number.NEGATIVE_INFINITY;
  #drawnAt = 0;

  /** `id`: for its title; `place`: what people call the region. */
  constructor(region, { id, place }) {
    this.#region = region;
    this.node = stamp('panel-template');
    this.node.dataset.region = region;
    this.node.querySelector('h2').id = id;
    this.node.setAttribute('aria-labelledby', id);
    fill(this.node, { region, place });
    const stage = this.node.querySelector('.stage');
    this.#none = stage.querySelector('.none');
    this.#tiles = new Tiles(stage.querySelector('.tiles'));
    this.#mosaic = new Mosaic(stage.querySelector('canvas'));
    new ResizeObserver(() => {
      this.#mosaic.resized();
      draw();
    }).observe(stage);
  }

  /** A sensor came, went, or is in another state. */
  change() {
    this.#changed = true;
  }

  /** A reading of this sensor arrived. */
  arrive(sensor) {
    this.#arrived.add(sensor);
  }

  /** See frames.js. */
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

  /** `view`: the region in the puller's summary. */
  showCounts(view) {
    fill(this.node, countTexts(view));
    markTroubles(this.node, view);
    this.node.querySelector('.cut').hidden = !view.cut;
    this.node.classList.toggle('silent', view.live === 0 && view.silent > 0);
    this.#showMix(view);
  }

  /** How many live sensors show each colour. */
  #showMix({ live, colors }) {
    const mix = this.node.querySelector('.mix');
    const others = live - colors.reduce((sum, { sensors }) => sum + sensors, 0);
    const parts = [...colors, ...(others > 0 ? [{ color: '', sensors: others }] : [])];
    const words = parts.map(({ color, sensors }) => `${color || 'others'} on ${sensors}`);
    mix.setAttribute('aria-label', `colours: ${words.join(', ') || 'none'}`);
    resize(mix, parts.length, () => create('span', ''));
    parts.forEach(({ color, sensors }, i) => {
      paint(mix.children[i], safeColor(color));
      mix.children[i].style.flexGrow = sensors;
    });
  }
}
