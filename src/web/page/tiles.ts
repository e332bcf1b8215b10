/**
 * Few sensors of a region as tiles, each a link to its details. The fewer they are, the more of them the style sheet shows.
 * One of them is in the tab order; arrows lead to the others.
 */
import { paint } from './color.js';
import { arrange, create, find, setText, stamp } from './dom.js';
import { type ValueText, valueTexts, whole, withUnit } from './format.js';
import { hashOf, isIn, onSelect, type Selection } from './selection.js';
import type { ShownSensor } from './sensors.js';

/** More sensors have small tiles: what they have in common stands once above them. As in the style sheet. */
const MAX_MEDIUM = 9;

export const valueNode = ({ name, text, unit }: ValueText): HTMLElement =>
  create('span', 'value', create('span', 'what', `${name} `), create('span', 'much', withUnit(text, unit)));

export class Tiles {
  readonly #list: HTMLElement;
  #selected: Selection | undefined;
  #tiles = new Map<ShownSensor, HTMLElement>();

  constructor(list: HTMLElement) {
    this.#list = list;
    list.addEventListener('keydown', (event) => this.#move(event));
    onSelect((selection) => {
      this.#selected = selection;
      this.#mark();
    });
  }

  /** Shows these sensors, in this order; returns what they have in common. */
  show(sensors: ShownSensor[]): string {
    const before = this.#tiles;
    const prefix = sharedPrefix(sensors.map(({ hostname }) => hostname));
    this.#tiles = new Map(sensors.map((sensor) => [sensor, before.get(sensor) ?? stamp('tile-template')]));
    for (const [{ region, hostname }, tile] of this.#tiles) {
      tile.title = hostname;
      linkOf(tile).href = hashOf({ region, host: hostname });
      setText(find(tile, '.prefix'), prefix);
      setText(find(tile, '.rest'), hostname.slice(prefix.length));
    }
    this.#list.hidden = sensors.length === 0;
    arrange(this.#list, [...this.#tiles.values()]);
    this.#mark();
    this.draw(sensors);
    if (sensors.length <= MAX_MEDIUM) return '';
    const measured = sensors.flatMap(({ values }) => valueTexts(values).slice(0, 1));
    const measures = new Set(measured.map(({ name, unit }) => withUnit(name, unit)));
    return [prefix && `${prefix}…`, [...measures].join(', ')].filter(Boolean).join(': ');
  }

  draw(sensors: Iterable<ShownSensor>): void {
    for (const sensor of sensors) {
      const tile = this.#tiles.get(sensor);
      if (tile) drawTile(tile, sensor);
    }
  }

  #mark(): void {
    for (const [sensor, tile] of this.#tiles) {
      const isSelected = this.#selected?.host !== undefined && isIn(this.#selected, sensor);
      linkOf(tile).ariaCurrent = isSelected ? 'true' : null;
    }
    const links = [...this.#tiles.values()].map(linkOf);
    const inOrder = links.find(({ tabIndex }) => tabIndex === 0) ?? links[0];
    if (inOrder) inOrder.tabIndex = 0;
  }

  #move(event: KeyboardEvent): void {
    const tiles = [...this.#tiles.values()];
    const columns = tiles.filter(({ offsetTop }) => offsetTop === tiles[0]?.offsetTop).length;
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const step = steps[event.key];
    const at = tiles.findIndex((tile) => linkOf(tile) === event.target);
    const [from, to] = [tiles[at], tiles[at + (step ?? 0)]];
    if (step === undefined || !from || !to) return;
    event.preventDefault();
    linkOf(from).tabIndex = -1;
    linkOf(to).tabIndex = 0;
    linkOf(to).focus();
  }
}

const linkOf = (tile: HTMLElement) => find(tile, 'a', HTMLAnchorElement);

function drawTile(tile: HTMLElement, { color, icon_name, state, sequence, values }: ShownSensor): void {
  const icon = paint(find(tile, '.icon'), color);
  setText(icon, icon_name);
  if (tile.dataset.state !== state) tile.dataset.state = state;
  const nodes = valueTexts(values).map(valueNode);
  const text = nodes.length > 0 ? nodes : [`#${whole(sequence)}`];
  find(tile, '.fact').replaceChildren(...(state === 'live' ? text : [state]));
}

/** What names begin with up to a separator, such as `edge-us-`. */
function sharedPrefix(names: string[]): string {
  let shared = names.length > MAX_MEDIUM ? (names[0] ?? '') : '';
  for (const name of names) while (!name.startsWith(shared)) shared = shared.slice(0, -1);
  return shared.slice(0, Math.max(...['-', '.', '_'].map((separator) => shared.lastIndexOf(separator))) + 1);
}
