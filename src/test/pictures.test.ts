/** The pictures of the README: how recorded terminals are drawn, and that pages with them load fast and run nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const PICTURES = fileURLToPath(new URL('../../docs/pictures', import.meta.url));
const { animatedSvg } = (await import('../../scripts/pictures/animated-svg.js' as string)) as {
  animatedSvg: (terminals: object[], durationMs: number) => string;
};

const run = (text: string, more: object = {}) => ({ x: 0, cells: text.length, text, ...more });
const draw = (...frames: { at: number; rows: object[][] }[]) =>
  animatedSvg([{ title: 'a terminal', cols: 20, rows: 2, frames }], 10_000);

test('a row is a strip of what it shows, moved at the moment when it changes; without animation it shows the end', () => {
  const svg = draw({ at: 1000, rows: [[run('first')], []] }, { at: 4000, rows: [[run('second')], []] });
  expect(svg).toContain('@keyframes t0r0{0.00%{transform:translateY(0px)}10.00%{transform:translateY(-36px)}40.00%');
  expect(svg).toContain('.t0r0{transform:translateY(-72px);animation:t0r0 10s step-end infinite}');
  expect(svg.indexOf('first')).toBeLessThan(svg.indexOf('second'));
  expect(svg).not.toContain('t0r1');
});

test('a line that scrolls through the rows is drawn once', () => {
  const svg = draw({ at: 0, rows: [[], [run('reading')]] }, { at: 500, rows: [[run('reading')], []] });
  expect(svg.match(/reading/g)).toHaveLength(1);
  expect(svg.match(/<use /g)).toHaveLength(2);
});

test('what comes after the end is left out', () => {
  expect(draw({ at: 10_001, rows: [[run('late')], []] })).not.toContain('late');
});

test('text is escaped, and keeps its colours', () => {
  const svg = draw({ at: 0, rows: [[run('<a> & b', { fg: '#123456', bg: 2, bold: true })], []] });
  expect(svg).toContain('class="b" fill="#123456">&lt;a&gt; &amp; b</text>');
  expect(svg).toMatch(/<rect x="0" width="58.8" height="18" fill="#3ddc97"\/>/);
});

test.each(readdirSync(PICTURES))('%s is small, and loads and runs nothing', (name) => {
  const content = readFileSync(`${PICTURES}/${name}`);
  expect(content.length).toBeLessThan(400_000);
  if (name.endsWith('.svg')) expect(String(content)).not.toMatch(/<script|<foreignObject|href="[^#]|url\(/);
});
