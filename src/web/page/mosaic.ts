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

export function mosaicOn(canvas: HTMLCanvasElement) {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser has no canvas');
  let shown: ShownSensor[] = [];
  let places = new Map<ShownSensor, number>();
  let columns = 1;
  let lit = new Set<ShownSensor>();

  const fill = (color: string, box: readonly [x: number, y: number, width: number, height: number]) => {
    context.fillStyle = color;
    context.fillRect(...box);
  };

  /** Only live sensors fill their cells. */
  const drawCell = (sensor: ShownSensor, isLit = false) => {
    const at = places.get(sensor);
    if (at === undefined) return;
    const size = canvas.width / columns;
    const gap = Math.ceil(size / 12);
    const box = [(at % columns) * size, Math.floor(at / columns) * size, size - gap, size - gap] as const;
    const { state, color } = sensor;
    context.clearRect(...box);
    fill(state === 'live' ? (safeColor(color) ?? NO_COLOR) : RIMS[state], box);
    const [x, y, width, height] = box;
    if (state !== 'live') context.clearRect(x + gap, y + gap, width - 2 * gap, height - 2 * gap);
    else if (isLit) fill(LIT, box);
  };

  return {
    /** Shows these sensors, in this order. */
    show(sensors: ShownSensor[]): void {
      shown = sensors;
      canvas.hidden = sensors.length === 0;
      canvas.ariaLabel = `${whole(sensors.length)} sensors, each a cell in its colour; cells of silent and paused ones are empty`;
      places = new Map(sensors.map((sensor, at) => [sensor, at]));
      columns = Math.ceil(Math.sqrt(SHAPE * sensors.length)) || 1;
      const size = Math.max(LEAST_CELL, Math.floor(WIDTH / columns));
      canvas.width = size * columns;
      canvas.height = size * Math.ceil(sensors.length / columns);
      for (const sensor of sensors) drawCell(sensor);
    },

    /** Lights the cells whose readings arrived since the last call, until the next one. */
    draw(arrived: Set<ShownSensor>): void {
      for (const sensor of lit) if (!arrived.has(sensor)) drawCell(sensor);
      for (const sensor of arrived) drawCell(sensor, !reducedMotion.matches);
      lit = reducedMotion.matches ? new Set() : arrived;
      if (lit.size > 0) draw();
    },

    /** The sensor under the pointer. */
    sensorAt({ offsetX, offsetY }: MouseEvent): ShownSensor | undefined {
      const cell = canvas.clientWidth / columns;
      return shown[Math.floor(offsetY / cell) * columns + Math.floor(offsetX / cell)];
    },
  };
}
