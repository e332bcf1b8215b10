/** Few sensors of a region as tiles, each a link to its details. One of them is in the tab order; arrows lead to the others. */
/** @import { Selection } from './selection.js' */
/** @import { ShownSensor } from './sensors.js' */
import { paint } from './color.js';
import { arrange, find, resize, setText, stamp } from './dom.js';
import { whole } from './format.js';
import { hashOf, onSelect } from './selection.js';
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
  /** @type {Size} */
  #size = SIZES[0];
  #prefix = '';
  /** @type {Selection | undefined} */
  #selected;
  /** @type {Map<ShownSensor, Tile>} */
  #tiles = new Map();

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} caption what small tiles have in common
   */
  constructor(list, caption) {
    this.#list = list;
    this.#caption = caption;
    list.addEventListener('keydown', (event) => this.#move(event));
    onSelect((selection) => {
      this.#selected = selection;
      this.#mark();
    });
  }

  /**
   * Shows these sensors, in this order.
   * @param {ShownSensor[]} sensors
   */
  show(sensors) {
    const size = SIZES.find(({ upTo }) => sensors.length <= upTo) ?? SIZES[2];
    const before = this.#size === size ? this.#tiles : new Map();
    this.#size = size;
    this.#prefix = size.name === 'small' ? sharedPrefix(sensors.map(({ hostname }) => hostname)) : '';
    this.#tiles = new Map(sensors.map((sensor) => [sensor, before.get(sensor) ?? new Tile(size)]));
    for (const [sensor, tile] of this.#tiles) {
      tile.setName(sensor, this.#prefix);
      tile.draw(sensor);
    }
    this.#list.hidden = sensors.length === 0;
    this.#list.dataset.size = size.name;
    arrange(
      this.#list,
      [...this.#tiles.values()].map(({ node }) => node),
    );
    this.#mark();
    this.#showCaption();
  }

  #mark() {
    for (const [{ region, hostname }, { link }] of this.#tiles) {
      const isSelected = this.#selected?.region === region && this.#selected.host === hostname;
      if (isSelected) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
    const links = this.#links();
    const inOrder = links.find(({ tabIndex }) => tabIndex === 0) ?? links[0];
    if (inOrder) inOrder.tabIndex = 0;
  }

  /** In the order in which they are shown. */
  #links = () => [...this.#tiles.values()].map(({ link }) => link);

  /** @param {KeyboardEvent} event */
  #move(event) {
    const links = this.#links();
    const at = links.indexOf(/** @type {HTMLElement} */ (event.target));
    const rows = [...this.#list.children].map((tile) => /** @type {HTMLElement} */ (tile).offsetTop);
    const columns = rows.filter((top) => top === rows[0]).length;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    const [from, to] = [links[at], links[at + (step ?? 0)]];
    if (step === undefined || !from || !to) return;
    event.preventDefault();
    from.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
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
    const measures = new Set([...this.#tiles.values()].map((tile) => tile.measures).filter(Boolean));
    this.#list.classList.toggle('measuring', measures.size > 0);
    const texts = [this.#prefix && `${this.#prefix}…`, [...measures].join(', ')];
    setText(this.#caption, this.#size.name === 'small' ? texts.filter(Boolean).join(': ') : '');
  }
}

class Tile {
  #icon;
  #fact;
  #size;
  /** Name of the first value; empty where nothing is measured. */
  measures = '';

  /** @param {Size} size */
  constructor(size) {
    this.#size = size;
    this.node = stamp('tile-template');
    this.link = find(this.node, 'a');
    this.#icon = find(this.node, '.icon');
    this.#fact = find(this.node, '.fact');
  }

  /**
   * @param {ShownSensor} sensor
   * @param {string} prefix which all tiles share: it is only heard
   */
  setName({ region, hostname }, prefix) {
    this.node.title = hostname;
    this.link.setAttribute('href', hashOf({ region, host: hostname }));
    setText(find(this.node, '.prefix'), prefix);
    setText(find(this.node, '.rest'), hostname.slice(prefix.length));
  }

  /** @param {ShownSensor} sensor */
  draw({ color, icon, state, sequence, values }) {
    paint(this.#icon, color);
    setText(this.#icon, icon);
    if (this.node.dataset.state !== state) this.node.dataset.state = state;
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

/**
 * What names begin with up to a separator, such as `edge-us-`.
 * @param {string[]} names
 */
function sharedPrefix(names) {
  let shared = names[0] ?? '';
  for (const name of names) while (!name.startsWith(shared)) shared = shared.slice(0, -1);
  return shared.slice(0, Math.max(...['-', '.', '_'].map((separator) => shared.lastIndexOf(separator))) + 1);
}
