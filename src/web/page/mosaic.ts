/**
 * Many sensors of a region as cells of a canvas, which the style sheet fits into the panel: ten thousand elements would be
 * too slow.
 */
import { safeColor } from './color.js';
import { draw, reducedMotion } from './draw.js';
import { whole } from './format.js';
import type { ShownSensor } from './sensors.js';

/** Pixels across: about as many as a panel has. */
const WIDTH = 640;
const LEAST_CELL = 4;
/** How many times as wide as high. */
const SHAPE = 1.9;
const NO_COLOR = '#808080';
/** The rim of a cell without readings; on light and dark cards. */
const RIMS = { silent: '#e5484d', paused: NO_COLOR };
/** A cell that has just had a reading. */
const LIT = 'rgb(255 255 255 / 0.35)';

export class Mosaic {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #sensors: ShownSensor[] = [];
  #places = new Map<ShownSensor, number>();
  #columns = 1;
  #lit = new Set<ShownSensor>();

  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext('2d');
    if (!context) throw new Error('this browser has no canvas');
    this.#canvas = canvas;
    this.#context = context;
  }

  /** Shows these sensors, in this order. */
  show(sensors: ShownSensor[]): void {
    this.#sensors = sensors;
    this.#canvas.hidden = sensors.length === 0;
    this.#canvas.ariaLabel = `${whole(sensors.length)} sensors, each a cell in its colour; cells of silent and paused ones are empty`;
    this.#places = new Map(sensors.map((sensor, at) => [sensor, at]));
    this.#columns = Math.ceil(Math.sqrt(SHAPE * sensors.length)) || 1;
    const size = Math.max(LEAST_CELL, Math.floor(WIDTH / this.#columns));
    this.#canvas.width = size * this.#columns;
    this.#canvas.height = size * Math.ceil(sensors.length / this.#columns);
    for (const sensor of sensors) this.#drawCell(sensor);
  }

  /** Lights the cells whose readings arrived since the last call, until the next one. */
  draw(arrived: Set<ShownSensor>): void {
    for (const sensor of this.#lit) if (!arrived.has(sensor)) this.#drawCell(sensor);
    for (const sensor of arrived) this.#drawCell(sensor, !reducedMotion.matches);
    this.#lit = reducedMotion.matches ? new Set() : arrived;
    if (this.#lit.size > 0) draw();
  }

  /** The sensor under the pointer. */
  sensorAt({ offsetX, offsetY }: MouseEvent): ShownSensor | undefined {
    const cell = this.#canvas.clientWidth / this.#columns;
    return this.#sensors[Math.floor(offsetY / cell) * this.#columns + Math.floor(offsetX / cell)];
  }

  /** Only live sensors fill their cells. */
  #drawCell(sensor: ShownSensor, lit = false): void {
    const at = this.#places.get(sensor);
    if (at === undefined) return;
    const size = this.#canvas.width / this.#columns;
    const gap = Math.ceil(size / 12);
    const box = [(at % this.#columns) * size, Math.floor(at / this.#columns) * size, size - gap, size - gap] as const;
    const { state, color } = sensor;
    this.#context.clearRect(...box);
    this.#fill(state === 'live' ? (safeColor(color) ?? NO_COLOR) : RIMS[state], box);
    const [x, y, width, height] = box;
    if (state !== 'live') this.#context.clearRect(x + gap, y + gap, width - 2 * gap, height - 2 * gap);
    else if (lit) this.#fill(LIT, box);
  }

  #fill(color: string, box: readonly [x: number, y: number, width: number, height: number]): void {
    this.#context.fillStyle = color;
    this.#context.fillRect(...box);
  }
}
