/** A grid of cells of a terminal in which series draw dots: eight a cell with braille, else one mark a cell. */

export interface Dots {
  /** Dots across and down. */
  readonly width: number;
  readonly height: number;
  /** Sets a dot of a series, 0 at the left and at the top; outside of the grid nothing. `strong` wins over others. */
  set(x: number, y: number, series: number, strong: boolean): void;
  /** A line of the text, painted by `paint`. */
  line(row: number, paint: (text: string, series: number, strong: boolean) => string): string;
}

interface Cell {
  bits: number;
  series: number;
  strong: boolean;
}

/** Bits of the braille dots by column and row. */
const BITS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
];
const BRAILLE = 0x2800;
/** Of the series, in their order, where neither colours nor braille tell them apart. */
const MARKS = ['*', '+', 'x', 'o', '#', '@', '%', '&'];
const FAINT = ':';

export const markOf = (series: number): string => MARKS[series % MARKS.length]!;

export function createDots(columns: number, rows: number, braille: boolean): Dots {
  const cells: (Cell | undefined)[] = [];
  const [across, down] = braille ? [2, 4] : [1, 1];
  return {
    width: columns * across,
    height: rows * down,
    set(x, y, series, strong) {
      if (x < 0 || y < 0 || x >= columns * across || y >= rows * down) return;
      const place = Math.floor(y / down) * columns + Math.floor(x / across);
      const cell = cells[place] ?? { bits: 0, series, strong };
      cells[place] = cell;
      cell.bits |= BITS[x % across]![y % down]!;
      if (strong || !cell.strong) Object.assign(cell, { series, strong });
    },
    line(row, paint) {
      let line = '';
      for (let column = 0; column < columns; column++) {
        const cell = cells[row * columns + column];
        if (!cell) line += ' ';
        else {
          const text = braille ? String.fromCharCode(BRAILLE + cell.bits) : cell.strong ? markOf(cell.series) : FAINT;
          line += paint(text, cell.series, cell.strong);
        }
      }
      return line;
    },
  };
}

/** A straight line of dots, both ends included. */
export function drawLine(
  dots: Dots,
  from: { x: number; y: number },
  to: { x: number; y: number },
  series: number,
  strong: boolean,
): void {
  const steps = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y), 1);
  for (let i = 0; i <= steps; i++) {
    const x = Math.round(from.x + ((to.x - from.x) * i) / steps);
    dots.set(x, Math.round(from.y + ((to.y - from.y) * i) / steps), series, strong);
  }
}
