/** Many sensors of a region as cells of a canvas: ten thousand elements would be too slow. */
import { safeColor } from './color.js';
import { reducedMotion } from './draw.js';
import { whole } from './format.js';
import type { ShownSensor } from './sensors.js';

/** Approximate height in CSS pixels. */
const HEIGHT = 210;
/** Visible on light and dark cards, and beside a cell of any colour. */
const LINES = 'rgb(128 128 128 / 0.3)';
const NO_COLOR = '#808080';
/** The rim of a cell without readings; on light and dark cards. */
const RIMS = { silent: '#e5484d', paused: NO_COLOR };
/** A cell that has just had a reading. */
const LIT = 'rgb(255 255 255 / 0.35)';

/** In pixels of the canvas. */
interface Grid {
  size: number;
  columns: number;
  /** Width of a line between two cells. */
  gap: number;
  index: Map<ShownSensor, number>;
}

export class Mosaic {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #sensors: ShownSensor[] = [];
  #lit = new Set<ShownSensor>();
  /** Undefined until the cells are placed. */
  #grid: Grid | undefined;

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
    this.resized();
  }

  resized(): void {
    this.#grid = undefined;
  }

  /** Lights the cells whose readings arrived since the last call. Returns whether some are lit. */
  draw(arrived: Set<ShownSensor>): boolean {
    const grid = this.#grid ?? this.#place();
    if (!grid) return false;
    for (const sensor of this.#lit) if (!arrived.has(sensor)) this.#drawCell(grid, sensor);
    for (const sensor of arrived) this.#drawCell(grid, sensor, !reducedMotion.matches);
    this.#lit = reducedMotion.matches ? new Set() : new Set(arrived);
    return this.#lit.size > 0;
  }

  /** The sensor under the pointer. */
  sensorAt({ offsetX, offsetY }: MouseEvent): ShownSensor | undefined {
    if (!this.#grid) return undefined;
    const { size, columns } = this.#grid;
    const cell = (size * this.#canvas.clientWidth) / this.#canvas.width;
    const column = Math.floor(offsetX / cell);
    return column < columns ? this.#sensors[Math.floor(offsetY / cell) * columns + column] : undefined;
  }

  /** Returns undefined while the canvas has no width. */
  #place(): Grid | undefined {
    const width = this.#canvas.clientWidth;
    if (width === 0) return undefined;
    const count = this.#sensors.length;
    const columns = Math.floor(width / Math.max(3, Math.sqrt((width * HEIGHT) / count)));
    const pixels = Math.round(width * devicePixelRatio);
    const gap = Math.max(1, Math.round(pixels / columns / 10));
    const size = (pixels - gap) / columns;
    this.#canvas.width = pixels;
    this.#canvas.height = Math.round(Math.ceil(count / columns) * size) + gap;
    const index = new Map(this.#sensors.map((sensor, at) => [sensor, at]));
    const grid = { size, columns, gap, index };
    this.#grid = grid;
    for (const at of this.#sensors.keys()) {
      const [x, y, width, height] = boxOf(grid, at);
      this.#context.clearRect(x, y, width + gap, height + gap);
      this.#fill(LINES, x, y, width + gap, height + gap);
    }
    for (const sensor of this.#sensors) this.#drawCell(grid, sensor);
    return grid;
  }

  /** Only live sensors fill their cells. */
  #drawCell(grid: Grid, sensor: ShownSensor, lit = false): void {
    const at = grid.index.get(sensor);
    if (at === undefined) return;
    const { gap } = grid;
    const [left, top, boxWidth, boxHeight] = boxOf(grid, at);
    const [x, y, width, height] = [left + gap, top + gap, boxWidth - gap, boxHeight - gap];
    const { state } = sensor;
    this.#context.clearRect(x, y, width, height);
    this.#fill(state === 'live' ? (safeColor(sensor.color) ?? NO_COLOR) : RIMS[state], x, y, width, height);
    if (state !== 'live') this.#context.clearRect(x + gap, y + gap, width - 2 * gap, height - 2 * gap);
    else if (lit) this.#fill(LIT, x, y, width, height);
  }

  #fill(color: string, x: number, y: number, width: number, height: number): void {
    this.#context.fillStyle = color;
    this.#context.fillRect(x, y, width, height);
  }
}

/** In whole pixels, so that neighbours do not overlap. */
function boxOf({ size, columns }: Grid, at: number): [x: number, y: number, width: number, height: number] {
  const column = at % columns;
  const row = Math.floor(at / columns);
  const x = Math.round(column * size);
  const y = Math.round(row * size);
  return [x, y, Math.round((column + 1) * size) - x, Math.round((row + 1) * size) - y];
}
