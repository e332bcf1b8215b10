/** Alerts that fire, then what happened, the newest below. */
import { alertText } from '../../output/puller-text.js';
import { sized, wrap } from '../cells.js';
import type { ScreenData } from '../screen-data.js';
import { clockTime, type Picture } from './picture.js';

export function alertsBody({ data, state, style, width, height }: Picture): string[] {
  const firing = [...data.firing.values()].map((alert) =>
    style.red(sized(`ALERT ${clockTime(alert.at)} ${alertText(alert)}`, width)),
  );
  const summary = firing.length > 0 ? firing : [style.green('no alert is firing')];
  const left = height - summary.length - 1;
  if (left < 1) return summary.slice(0, height);
  const lines = past(data).flatMap(({ at, sign, text }) => {
    const [first = '', ...more] = wrap(text, Math.max(10, width - 15));
    const indented = more.map((line) => `${' '.repeat(15)}${line}`);
    return [`${style.dim(clockTime(at))} ${sized(sign, 5)} ${first}`, ...indented];
  });
  const end = Math.max(Math.min(left, lines.length), lines.length - state.scrolled);
  const shown = lines.slice(Math.max(0, end - left), end);
  return [...summary, '', ...(shown.length > 0 ? shown : [style.dim('nothing happened yet')])];
}

/** What happened, in order. */
function past({ alerts, notes }: ScreenData): { at: number; sign: string; text: string }[] {
  const told = alerts.map((alert) => ({ at: alert.at, sign: alert.firing ? 'alert' : 'over', text: alertText(alert) }));
  return [...told, ...notes.map((note) => ({ ...note, sign: 'note' }))].sort((a, b) => a.at - b.at);
}
