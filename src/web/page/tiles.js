/** Few sensors of a region as tiles. */
/** @import { ShownSensor } from './sensors.js' */
import { paint } from './color.js';
import { arrange, find, resize, setText, stamp } from './dom.js';
import { whole } from './format.js';
import { valueNode, valueTexts } from './values.js';

/** The fewer the sensors, the more their tiles show. */
const SIZES = /** @type {const} */ ([
  { name: 'large', upTo: 1, values: 16 },
  { name: 'medium', upTo: 9, values: 2 },
  { name: 'small', upTo: Number.POSITIVE_INFINITY, values: 1 },
]);

/** @typedef {(typeof SIZES)[number]} Size */

export class Tiles {
  #list;
  #caption;
  /** @type {Map<ShownSensor, Tile>} */
  #tiles = new Map();

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} caption what the numbers in small tiles are
   */
  constructor(list, caption) {
    this.#list = list;
    this.#caption = caption;
  }

  /**
   * Shows these sensors, in this order.
   * @param {ShownSensor[]} sensors
   */
  show(sensors) {
    const size = SIZES.find(({ upTo }) => sensors.length <= upTo) ?? SIZES[2];
    const before = this.#list.dataset.size === size.name ? this.#tiles : new Map();
    this.#list.hidden = sensors.length === 0;
    this.#list.dataset.size = size.name;
    this.#tiles = new Map(sensors.map((sensor) => [sensor, before.get(sensor) ?? new Tile(size)]));
    for (const [sensor, tile] of this.#tiles) tile.draw(sensor);
    arrange(
      this.#list,
      [...this.#tiles.values()].map(({ node }) => node),
    );
    this.#showCaption();
  }

  /**
   * Draws the sensors whose readings arrived. Returns false: nothing is left to draw.
   * @param {Set<ShownSensor>} arrived
   */
  draw(arrived) {
    for (const sensor of arrived) this.#tiles.get(sensor)?.draw(sensor);
    if (arrived.size > 0) this.#showCaption();
    return false;
  }

  #showCaption() {
    if (this.#tiles.size === 0) return;
    const names = new Set([...this.#tiles.values()].map(({ measures }) => measures).filter(Boolean));
    setText(this.#caption, this.#list.dataset.size === 'small' ? [...names].join(', ') : '');
  }
}

class Tile {
  #icon;
  #name;
  #fact;
  #size;
  /** Name of the first value; empty where nothing is measured. */
  measures = '';

  /** @param {Size} size */
  constructor(size) {
    this.#size = size;
    this.node = stamp('tile-template');
    this.#icon = find(this.node, '.icon');
    this.#name = find(this.node, 'bdi');
    this.#fact = find(this.node, '.fact');
  }

  /** @param {ShownSensor} sensor */
  draw({ color, icon, hostname, state, sequence, values }) {
    paint(this.#icon, color);
    setText(this.#icon, icon);
    setText(this.#name, hostname);
    if (this.node.dataset.state !== state) this.node.dataset.state = state;
    if (this.node.title !== hostname) this.node.title = hostname;
    const texts = valueTexts(values).slice(0, this.#size.values);
    this.measures = texts[0]?.[0] ?? '';
    if (state !== 'live') setText(this.#fact, state);
    else if (texts.length === 0) setText(this.#fact, `#${whole(sequence)}`);
    else this.#showValues(texts);
  }

  /** @param {[name: string, text: string][]} texts */
  #showValues(texts) {
    if (this.#fact.children.length !== texts.length) this.#fact.replaceChildren();
    const rows = resize(this.#fact, texts.length, () => valueNode());
    for (const [i, [name, text]] of texts.entries()) {
      const [what, much] = /** @type {Element[]} */ ([...(rows[i]?.children ?? [])]);
      if (!what || !much) continue;
      setText(what, `${name} `);
      setText(much, text);
    }
  }
}
