/** A text that is looked at again and again, as a full screen; `q` leaves it. */
import { printable } from '../../lib/control-characters.js';
import { asciiOnly, cut } from '../output/cells.js';
import { withCommandName } from '../output/command-name.js';
import { type Style, showsUnicode } from '../output/terminal-text.js';
import { Terminal } from './terminal.js';

export function openWatchScreen(style: Style, onLeave: () => void) {
  let text = '…';
  const draw = () => {
    const { width, rows } = terminal.size;
    const lines = printable(withCommandName(text), style.level > 0).split('\n');
    const fitting =
      lines.length < rows ? lines : [...lines.slice(0, rows - 2), `… ${lines.length - rows + 2} more lines`];
    const keys = style.dim(`q leaves  ${new Date().toTimeString().slice(0, 8)}`);
    const shown = [...fitting.slice(0, rows - 1), keys].map((line) => cut(line, width));
    terminal.draw(showsUnicode() ? shown : shown.map(asciiOnly));
  };
  const terminal = new Terminal({
    onKey({ text: typed }) {
      if (typed === 'q') onLeave();
    },
    onResize: draw,
    onStderr: () => {},
  });
  terminal.open();
  draw();
  return {
    show(next: string) {
      text = next;
      draw();
    },
    close: () => terminal.close(),
  };
}
