/** A region's sensors as tiles, while they are few. */
import { paint } from './color.js';
import { fill, stamp } from './dom.js';
import { whole } from './format.js';
import { FLASH_MS, stillPage } from './motion.js';

export class Tiles {
  #list;
  #tiles = new Map();

  /** @param {HTMLElement} list Holds the tiles. */
  constructor(list) {
    this.#list = list;
  }

  /** Shows these sensors, in this order. */
  show(sensors) {
    this.#list.hidden = sensors.length === 0;
    // Few sensors get big tiles.
    const columns = Math.ceil(Math.sqrt(sensors.length));
    this.#list.style.setProperty('--tile', `max(4.25rem, ${Math.floor(80 / Math.max(1, columns))}%)`);
    this.#tiles = new Map(sensors.map((sensor) => [sensor, stamp('tile-template')]));
    this.#list.replaceChildren(...this.#tiles.values());
    for (const [sensor, tile] of this.#tiles) drawTile(tile, sensor);
  }

  /** Draws the sensors whose readings arrived. */
  draw(arrived) {
    for (const sensor of arrived) {
      const tile = this.#tiles.get(sensor);
      if (!tile) continue;
      drawTile(tile, sensor);
      pulse(tile);
    }
  }
}

function drawTile(tile, sensor) {
  paint(tile, sensor.color);
  tile.dataset.state = sensor.state;
  tile.title = sensor.hostname;
  fill(tile, {
    icon: sensor.icon,
    name: sensor.hostname,
    fact: sensor.state === 'live' ? `#${whole(sensor.sequence)}` : sensor.state,
    color: sensor.color ?? '',
  });
}

function pulse(tile) {
  if (stillPage.matches || tile.getAnimations().some(({ id }) => id === 'pulse')) return;
  tile.animate(
    [
      { transform: 'scale(1.035)', filter: 'brightness(1.25)' },
      { transform: 'none', filter: 'none' },
    ],
    { id: 'pulse', duration: FLASH_MS, easing: 'ease-out' },
  );
}
