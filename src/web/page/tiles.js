/** Few sensors of a region as tiles. */
/** @import { ShownSensor } from './sensors.js' */
import { paint } from './color.js';
import { fill, stamp } from './dom.js';
import { valueTexts, whole } from './format.js';
import { FLASH_MS, reducedMotion } from './frames.js';

export class Tiles {
  #list;
  /** @type {Map<ShownSensor, HTMLElement>} */
  #tiles = new Map();

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /**
   * Shows these sensors, in this order.
   * @param {ShownSensor[]} sensors
   */
  show(sensors) {
    this.#list.hidden = sensors.length === 0;
    // Few sensors get large tiles.
    const columns = Math.ceil(Math.sqrt(sensors.length));
    this.#list.style.setProperty('--tile', `max(4.25rem, ${Math.floor(80 / Math.max(1, columns))}%)`);
    this.#tiles = new Map(sensors.map((sensor) => [sensor, stamp('tile-template')]));
    this.#list.replaceChildren(...this.#tiles.values());
    for (const [sensor, tile] of this.#tiles) drawTile(tile, sensor);
  }

  /**
   * Draws the sensors whose readings arrived.
   * @param {Iterable<ShownSensor>} arrived
   */
  draw(arrived) {
    for (const sensor of arrived) {
      const tile = this.#tiles.get(sensor);
      if (!tile) continue;
      drawTile(tile, sensor);
      pulse(tile);
    }
  }
}

/**
 * @param {HTMLElement} tile
 * @param {ShownSensor} sensor
 */
function drawTile(tile, sensor) {
  paint(tile, sensor.color);
  tile.dataset.state = sensor.state;
  const [first, ...others] = valueTexts(sensor.values);
  tile.title = [sensor.hostname, first, ...others].filter(Boolean).join('\n');
  fill(tile, {
    icon: sensor.icon,
    name: sensor.hostname,
    fact: sensor.state === 'live' ? (first ?? `#${whole(sensor.sequence)}`) : sensor.state,
    color: sensor.color ?? '',
  });
}

/** @param {HTMLElement} tile */
function pulse(tile) {
  if (reducedMotion.matches || tile.getAnimations().some(({ id }) => id === 'pulse')) return;
  tile.animate(
    [
      { transform: 'scale(1.035)', filter: 'brightness(1.25)' },
      { transform: 'none', filter: 'none' },
    ],
    { id: 'pulse', duration: FLASH_MS, easing: 'ease-out' },
  );
}
