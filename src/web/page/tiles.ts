/** Few sensors of a region as tiles, each a link to its details. One of them is in the tab order; arrows lead to the others. */
import { paint } from './color.js';
import { arrange, create, find, setText, stamp } from './dom.js';
import { type ValueText, valueTexts, whole, withUnit } from './format.js';
import { hashOf, isIn, onSelect, type Selection } from './selection.js';
import type { ShownSensor } from './sensors.js';

/** The fewer the sensors, the more their tiles show. */
const SIZES = {
  large: { upTo: 1, values: 16 },
  medium: { upTo: 9, values: 2 },
  small: { upTo: Number.POSITIVE_INFINITY, values: 1 },
};
type Size = keyof typeof SIZES;

const sizeOf = (sensors: number): Size =>
  sensors <= SIZES.large.upTo ? 'large' : sensors <= SIZES.medium.upTo ? 'medium' : 'small';

/** The name of a value, and its number. */
export const valueNode = ({ name, text, unit }: ValueText): HTMLElement =>
  create('span', 'value', create('span', 'what', `${name} `), create('span', 'much', withUnit(text, unit)));

export class Tiles {
  readonly #list: HTMLElement;
  /** What small tiles have in common. */
  readonly #caption: HTMLElement;
  #size: Size = 'large';
  #prefix = '';
  #selected: Selection | undefined;
  #tiles = new Map<ShownSensor, Tile>();

  constructor(list: HTMLElement, caption: HTMLElement) {
    this.#list = list;
    this.#caption = caption;
    list.addEventListener('keydown', (event) => this.#move(event));
    onSelect((selection) => {
      this.#selected = selection;
      this.#mark();
    });
  }

  /** Shows these sensors, in this order. */
  show(sensors: ShownSensor[]): void {
    const size = sizeOf(sensors.length);
    const before = this.#size === size ? this.#tiles : new Map<ShownSensor, Tile>();
    this.#size = size;
    this.#prefix = size === 'small' ? sharedPrefix(sensors.map(({ hostname }) => hostname)) : '';
    this.#tiles = new Map(sensors.map((sensor) => [sensor, before.get(sensor) ?? new Tile(size)]));
    for (const [sensor, tile] of this.#tiles) {
      tile.setName(sensor, this.#prefix);
      tile.draw(sensor);
    }
    this.#list.hidden = sensors.length === 0;
    this.#list.dataset.size = size;
    const nodes = [...this.#tiles.values()].map(({ node }) => node);
    arrange(this.#list, nodes);
    this.#mark();
    this.#showCaption();
  }

  #mark(): void {
    for (const [sensor, { link }] of this.#tiles) {
      const isSelected = this.#selected?.host !== undefined && isIn(this.#selected, sensor);
      link.ariaCurrent = isSelected ? 'true' : null;
    }
    const links = this.#links();
    const inOrder = links.find(({ tabIndex }) => tabIndex === 0) ?? links[0];
    if (inOrder) inOrder.tabIndex = 0;
  }

  /** In the order in which they are shown. */
  #links = () => [...this.#tiles.values()].map(({ link }) => link);

  #move(event: KeyboardEvent): void {
    const links = this.#links();
    const rows = [...this.#tiles.values()].map(({ node }) => node.offsetTop);
    const columns = rows.filter((top) => top === rows[0]).length;
    const steps = new Map([
      ['ArrowRight', 1],
      ['ArrowLeft', -1],
      ['ArrowDown', columns],
      ['ArrowUp', -columns],
    ]);
    const step = steps.get(event.key);
    const at = event.target instanceof HTMLAnchorElement ? links.indexOf(event.target) : -1;
    const [from, to] = [links[at], links[at + (step ?? 0)]];
    if (step === undefined || !from || !to) return;
    event.preventDefault();
    from.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }

  /** Draws the sensors whose readings arrived. */
  draw(arrived: Set<ShownSensor>): void {
    for (const sensor of arrived) this.#tiles.get(sensor)?.draw(sensor);
    if (arrived.size > 0) this.#showCaption();
  }

  #showCaption(): void {
    if (this.#tiles.size === 0) return;
    const measures = new Set([...this.#tiles.values()].map((tile) => tile.measures).filter(Boolean));
    this.#list.classList.toggle('measuring', measures.size > 0);
    const texts = [this.#prefix && `${this.#prefix}…`, [...measures].join(', ')];
    setText(this.#caption, this.#size === 'small' ? texts.filter(Boolean).join(': ') : '');
  }
}

class Tile {
  readonly node = stamp('tile-template');
  readonly link = find(this.node, 'a', HTMLAnchorElement);
  readonly #icon = find(this.node, '.icon');
  readonly #fact = find(this.node, '.fact');
  readonly #size: Size;
  /** Name and unit of the first value; empty where nothing is measured. */
  measures = '';

  constructor(size: Size) {
    this.#size = size;
  }

  /** `prefix`: which all tiles share; it is only heard. */
  setName({ region, hostname }: ShownSensor, prefix: string): void {
    this.node.title = hostname;
    this.link.href = hashOf({ region, host: hostname });
    setText(find(this.node, '.prefix'), prefix);
    setText(find(this.node, '.rest'), hostname.slice(prefix.length));
  }

  draw({ color, icon_name, state, sequence, values }: ShownSensor): void {
    paint(this.#icon, color);
    setText(this.#icon, icon_name);
    if (this.node.dataset.state !== state) this.node.dataset.state = state;
    const texts = valueTexts(values).slice(0, SIZES[this.#size].values);
    this.measures = texts[0] ? withUnit(texts[0].name, texts[0].unit) : '';
    if (state !== 'live') setText(this.#fact, state);
    else if (texts.length === 0) setText(this.#fact, `#${whole(sequence)}`);
    else if (this.#size === 'small') setText(this.#fact, texts[0]?.text ?? '');
    else this.#fact.replaceChildren(...texts.map(valueNode));
  }
}

/** What names begin with up to a separator, such as `edge-us-`. */
function sharedPrefix(names: string[]): string {
  let shared = names[0] ?? '';
  for (const name of names) while (!name.startsWith(shared)) shared = shared.slice(0, -1);
  return shared.slice(0, Math.max(...['-', '.', '_'].map((separator) => shared.lastIndexOf(separator))) + 1);
}
