/** A region's sensors as cells of a canvas, when they are many: ten thousand elements would cost too much. */
import { whole } from './format.js';
import { FLASH_MS, stillPage } from './motion.js';

/** In CSS pixels, about. */
const HEIGHT = 210;
/** Shows on light and dark cards alike. */
const LINES = 'rgb(128 128 128 / 0.25)';
const NO_COLOR = '#808080';

export class Mosaic {
  #canvas;
  #context;
  #sensors = [];
  /** When the reading of each cell that flashes arrived. */
  #flashes = new Map();
  /** Where the cells are; undefined until they are placed. */
  #grid;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d');
  }

  /** Shows these sensors, in this order. */
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

  /** Draws the sensors whose readings arrived, and the flashes so far; true while there are any. */
  draw(arrived, now) {
    if (!this.#grid && !this.#place()) return this.#flashes.size > 0;
    for (const sensor of arrived) this.#flashes.set(sensor, now);
    for (const [sensor, since] of this.#flashes) {
      const left = stillPage.matches ? 0 : Math.max(0, 1 - (now - since) / FLASH_MS);
      this.#drawCell(sensor, left);
      if (left === 0) this.#flashes.delete(sensor);
    }
    return this.#flashes.size > 0;
  }

  /** False while the canvas has no width. */
  #place() {
    const width = this.#canvas.clientWidth;
    if (width === 0) return false;
    const count = this.#sensors.length;
    const columns = Math.floor(width / Math.max(3, Math.sqrt((width * HEIGHT) / count)));
    this.#canvas.width = Math.round(width * devicePixelRatio);
    const size = this.#canvas.width / columns;
    this.#canvas.height = Math.round(Math.ceil(count / columns) * size);
    const index = new Map(this.#sensors.map((sensor, at) => [sensor, at]));
    this.#grid = { size, columns, gap: Math.max(1, Math.round(size / 10)), index };
    this.#context.fillStyle = LINES;
    for (const at of this.#sensors.keys()) this.#context.fillRect(...boxOf(this.#grid, at));
    for (const sensor of this.#sensors) this.#drawCell(sensor, 0);
    return true;
  }

  /** `flash`: 1 when the reading has just arrived, down to 0. */
  #drawCell(sensor, flash) {
    const at = this.#grid.index.get(sensor);
    if (at === undefined) return;
    const context = this.#context;
    const { gap } = this.#grid;
    const [x, y, width, height] = boxOf(this.#grid, at);
    const box = [x, y, width - gap, height - gap];
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

/** Whole pixels: neighbours must not shine through. */
function boxOf({ size, columns }, at) {
  const [column, row] = [at % columns, Math.floor(at / columns)];
  const [x, y] = [Math.round(column * size), Math.round(row * size)];
  return [x, y, Math.round((column + 1) * size) - x, Math.round((row + 1) * size) - y];
}
