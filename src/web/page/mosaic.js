/** Many sensors of a region as cells of a canvas: ten thousand elements would be too slow. */
/** @import { ShownSensor } from './sensors.js' */
import { whole } from './format.js';
import { FLASH_MS, reducedMotion } from './frames.js';

/** Approximate height in CSS pixels. */
const HEIGHT = 210;
/** Visible on light and dark cards. */
const LINES = 'rgb(128 128 128 / 0.25)';
const NO_COLOR = '#808080';

/** @typedef {{ size: number, columns: number, gap: number, index: Map<ShownSensor, number> }} Grid */

export class Mosaic {
  #canvas;
  #context;
  /** @type {ShownSensor[]} */
  #sensors = [];
  /**
   * When the flash of each cell began.
   * @type {Map<ShownSensor, number>}
   */
  #flashes = new Map();
  /**
   * Undefined until the cells are placed.
   * @type {Grid | undefined}
   */
  #grid;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  }

  /**
   * Shows these sensors, in this order.
   * @param {ShownSensor[]} sensors
   */
  show(sensors) {
    this.#sensors = sensors;
    this.#flashes.clear();
    this.#canvas.hidden = sensors.length === 0;
    this.#canvas.setAttribute('aria-label', `${whole(sensors.length)} sensors, each a cell in its colour`);
    this.resized();
  }

  resized() {
    this.#grid = undefined;
  }

  /**
   * Draws the sensors whose readings arrived, and running flashes. Returns whether flashes are running.
   * @param {Iterable<ShownSensor>} arrived
   * @param {number} now
   */
  draw(arrived, now) {
    const grid = this.#grid ?? this.#place();
    if (!grid) return this.#flashes.size > 0;
    for (const sensor of arrived) this.#flashes.set(sensor, now);
    for (const [sensor, since] of this.#flashes) {
      const left = reducedMotion.matches ? 0 : Math.max(0, 1 - (now - since) / FLASH_MS);
      this.#drawCell(grid, sensor, left);
      if (left === 0) this.#flashes.delete(sensor);
    }
    return this.#flashes.size > 0;
  }

  /** Returns undefined while the canvas has no width. */
  #place() {
    const width = this.#canvas.clientWidth;
    if (width === 0) return undefined;
    const count = this.#sensors.length;
    const columns = Math.floor(width / Math.max(3, Math.sqrt((width * HEIGHT) / count)));
    this.#canvas.width = Math.round(width * devicePixelRatio);
    const size = this.#canvas.width / columns;
    this.#canvas.height = Math.round(Math.ceil(count / columns) * size);
    const index = new Map(this.#sensors.map((sensor, at) => [sensor, at]));
    const grid = { size, columns, gap: Math.max(1, Math.round(size / 10)), index };
    this.#grid = grid;
    this.#context.fillStyle = LINES;
    for (const at of this.#sensors.keys()) this.#context.fillRect(...boxOf(grid, at));
    for (const sensor of this.#sensors) this.#drawCell(grid, sensor, 0);
    return grid;
  }

  /**
   * @param {Grid} grid
   * @param {ShownSensor} sensor
   * @param {number} flash 1 when the reading has just arrived, down to 0
   */
  #drawCell(grid, sensor, flash) {
    const at = grid.index.get(sensor);
    if (at === undefined) return;
    const context = this.#context;
    const [x, y, width, height] = boxOf(grid, at);
    /** @type {[number, number, number, number]} */
    const box = [x, y, width - grid.gap, height - grid.gap];
    context.clearRect(...box);
    context.fillStyle = sensor.color ?? NO_COLOR;
    context.globalAlpha = sensor.state === 'live' ? 1 : 0.25;
    context.fillRect(...box);
    if (flash > 0) {
      context.fillStyle = '#ffffff';
      context.globalAlpha = 0.75 * flash;
      context.fillRect(...box);
    }
    context.globalAlpha = 1;
  }
}

/**
 * In whole pixels, so that neighbours do not overlap.
 * @param {Grid} grid
 * @param {number} at
 * @returns {[number, number, number, number]}
 */
function boxOf({ size, columns }, at) {
  const column = at % columns;
  const row = Math.floor(at / columns);
  const x = Math.round(column * size);
  const y = Math.round(row * size);
  return [x, y, Math.round((column + 1) * size) - x, Math.round((row + 1) * size) - y];
}
