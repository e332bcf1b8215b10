/** A grid of cells of a terminal in which series draw dots: eight a cell with braille, else one mark a cell. */

type Point = Record<'x' | 'y', number>;
type Cell = { bits: number; series: number; strong: boolean };

/** Bits of the braille dots by column and row. */
const BITS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
];
const BRAILLE = 0x2800;
/** Of the series, in their order, where neither colours nor braille tell them apart. */
const MARKS = ['*', '+', 'x', 'o', '#', '@', '%', '&'];
const FAINT = ':';

export const markOf = (series: number): string => MARKS[series % MARKS.length] ?? FAINT;

export class Canvas {
  /** Dots across and down. */
  readonly width: number;
  readonly height: number;
  readonly #cells = new Map<number, Cell>();

  constructor(
    private readonly columns: number,
    rows: number,
    private readonly braille: boolean,
  ) {
    this.width = braille ? 2 * columns : columns;
    this.height = braille ? 4 * rows : rows;
  }

  /** A straight line of dots, both ends included; 0 is at the left and at the top. `strong` wins over others. */
  drawLine(from: Point, to: Point, series: number, strong: boolean): void {
    const steps = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y), 1);
    for (let i = 0; i <= steps; i++) {
      const x = Math.round(from.x + ((to.x - from.x) * i) / steps);
      this.#set(x, Math.round(from.y + ((to.y - from.y) * i) / steps), series, strong);
    }
  }

  line(row: number, paint: (text: string, series: number, strong: boolean) => string): string {
    let line = '';
    for (let column = 0; column < this.columns; column++) {
      const cell = this.#cells.get(row * this.columns + column);
      if (!cell) line += ' ';
      else {
        const mark = cell.strong ? markOf(cell.series) : FAINT;
        line += paint(this.braille ? String.fromCharCode(BRAILLE + cell.bits) : mark, cell.series, cell.strong);
      }
    }
    return line;
  }

  #set(x: number, y: number, series: number, strong: boolean): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const [across, down] = this.braille ? [2, 4] : [1, 1];
    const place = Math.floor(y / down) * this.columns + Math.floor(x / across);
    const cell = this.#cells.get(place) ?? { bits: 0, series, strong };
    this.#cells.set(place, cell);
    cell.bits |= BITS[x % across]?.[y % down] ?? 0;
    if (strong || !cell.strong) Object.assign(cell, { series, strong });
  }
}
