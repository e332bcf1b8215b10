/** What `up` runs, and the end of the selected one's log. */
import { escapeControls } from '../../../lib/control-characters.js';
import { cut } from '../cells.js';
import { selectedIndex } from '../selection.js';
import { clockTime, listAndDetail, type Picture } from './picture.js';

export function servicesBody(picture: Picture): string[] {
  const { data, state, style, width } = picture;
  const { services, log } = data;
  if (services.length === 0) return [style.dim('no `up` runs in this folder: its services are not known here')];
  const selected = selectedIndex(state, data);
  return listAndDetail(picture, {
    ...{ list: services, selected },
    columnsOf: (rows) => [
      { head: 'service', rank: 1, grows: 10, cells: rows.map(({ name }) => escapeControls(name)) },
      {
        ...{ head: 'state', rank: 1 },
        cells: rows.map(({ pid, stopped }) => {
          if (stopped) return style.red('stopped!');
          return pid === undefined ? '' : 'running';
        }),
      },
      { head: 'pid', rank: 2, right: true, cells: rows.map(({ pid }) => String(pid ?? '')) },
      { head: 'address', rank: 3, cells: rows.map(({ url }) => escapeControls(url ?? '')) },
    ],
    detail(height) {
      if (log.length === 0) return [style.dim('its log is empty')];
      const end = Math.max(Math.min(height, log.length), log.length - state.scrolled);
      return log
        .slice(Math.max(0, end - height), end)
        .map(({ time, level, text }) => cut(`${clockTime(time)} ${level.padEnd(5)} ${escapeControls(text)}`, width));
    },
  });
}
