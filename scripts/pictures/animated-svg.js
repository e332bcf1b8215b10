// Draws recorded terminals as one SVG that plays by itself: CSS only, so that it plays as an image, too.

/**
 * @typedef {import('./terminal.js').Run} Run
 * @typedef {import('./terminal.js').Frame} Frame
 * @typedef {{ title: string, cols: number, rows: number, frames: Frame[] }} Recording
 */

const CELL = { width: 8.4, height: 18 };
/** From one content of a row to the next: blocks and emoji are higher than a row, and must not be seen in its neighbours. */
const STEP = 2 * CELL.height;
const PAD = 14;
const TITLE = 24;
/** Its own dark colours, so that it reads on a light page and on a dark one. */
const COLORS = { background: '#12161f', edge: '#3a4356', text: '#dfe4ee', dim: '#8b97ab' };
const SIXTEEN = [
  ...['#2a3142', '#ff8078', '#3ddc97', '#ffb454', '#6cb1ff', '#d79bff', '#5bd7e5', '#dfe4ee'],
  ...['#6f7b91', '#ff9d97', '#6ce8b1', '#ffc87d', '#93c6ff', '#e4bcff', '#8ce5ef', '#ffffff'],
];

/**
 * One SVG with the terminals one below the other.
 *
 * @param {Recording[]} terminals
 * @param {number} durationMs after which it begins again
 */
export function animatedSvg(terminals, durationMs) {
  const css = [];
  const body = [];
  const shared = sharedContent(terminals, durationMs);
  const width = round(Math.max(...terminals.map(({ cols }) => cols)) * CELL.width + 2 * PAD);
  let top = 0;
  for (const [index, { title, cols, rows, frames }] of terminals.entries()) {
    const height = TITLE + rows * CELL.height + PAD;
    body.push(
      `<rect x="0.5" y="${top + 0.5}" width="${width - 1}" height="${height - 1}" rx="8" fill="${COLORS.background}" stroke="${COLORS.edge}"/>`,
      `<text class="d" x="${round(width / 2)}" y="${top + 16}" text-anchor="middle">${escapeXml(title)}</text>`,
    );
    for (let y = 0; y < rows; y++) {
      const strip = stripOf(frames, y, durationMs);
      const name = `t${index}r${y}`;
      const shown = strip.map(({ key }, i) => shared.at(key, i * STEP)).join('');
      if (shown === '') continue;
      const place = `x="${PAD}" y="${top + TITLE + y * CELL.height}" width="${round(cols * CELL.width)}" height="${CELL.height}"`;
      // A row is a strip of everything that it shows, behind a window that is one row high.
      body.push(`<svg ${place}><g class="${name}">${shown}</g></svg>`);
      if (strip.length > 1) css.push(stripStyle(name, strip, durationMs));
    }
    top += height + 8;
  }
  const height = top - 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<style>
svg{font:14px ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:${COLORS.text}}
text{white-space:pre}
.b{font-weight:bold}.d{fill:${COLORS.dim}}
${css.join('\n')}
@media (prefers-reduced-motion:reduce){g{animation:none!important}}
</style>
<defs>
${shared.definitions}
</defs>
${body.join('\n')}
</svg>
`;
}

/**
 * Every content of a row, once: a line that scrolls through a terminal is drawn in many places.
 *
 * @param {Recording[]} terminals
 * @param {number} durationMs
 */
function sharedContent(terminals, durationMs) {
  /** @type {Map<string, string>} */
  const contents = new Map();
  for (const { rows, frames } of terminals) {
    for (let y = 0; y < rows; y++) {
      for (const { key, runs } of stripOf(frames, y, durationMs)) contents.set(key, rowContent(runs));
    }
  }
  const ids = new Map([...contents.keys()].map((key, i) => [key, `c${i}`]));
  const drawn = [...contents].filter(([, content]) => content !== '');
  return {
    definitions: drawn.map(([key, content]) => `<g id="${ids.get(key)}">${content}</g>`).join('\n'),
    at: (/** @type {string} */ key, /** @type {number} */ y) =>
      contents.get(key) === '' ? '' : `<use href="#${ids.get(key)}" y="${y}"/>`,
  };
}

/**
 * What row `y` shows, and from which moment on.
 *
 * @param {Frame[]} frames
 * @param {number} y
 * @param {number} durationMs
 */
function stripOf(frames, y, durationMs) {
  /** @type {{ at: number, runs: Run[], key: string }[]} */
  const strip = [{ at: 0, runs: [], key: '[]' }];
  for (const { at, rows } of frames) {
    if (at > durationMs) break;
    const runs = rows[y] ?? [];
    const key = JSON.stringify(runs);
    if (key !== strip.at(-1)?.key) strip.push({ at, runs, key });
  }
  return strip;
}

/** Without animation, a picture shows the end. */
function stripStyle(
  /** @type {string} */ name,
  /** @type {{ at: number }[]} */ strip,
  /** @type {number} */ durationMs,
) {
  const moved = (/** @type {number} */ i) => `transform:translateY(${-i * STEP}px)`;
  const steps = strip.map(({ at }, i) => `${((at / durationMs) * 100).toFixed(2)}%{${moved(i)}}`).join('');
  return `@keyframes ${name}{${steps}}.${name}{${moved(strip.length - 1)};animation:${name} ${Math.round(durationMs / 100) / 10}s step-end infinite}`;
}

function rowContent(/** @type {Run[]} */ runs) {
  return runs
    .map(({ x, cells, text, fg, bg, bold, dim }) => {
      const left = round(x * CELL.width);
      const width = round(cells * CELL.width);
      const size = `width="${width}" height="${CELL.height}"`;
      const back = bg === undefined ? '' : `<rect x="${left}" ${size} fill="${colorOf(bg)}"/>`;
      if (text.trim() === '') return back;
      const look = [bold && 'b', dim && fg === undefined && 'd'].filter(Boolean).join(' ');
      const attributes = [
        // Fonts differ in width; a run always takes its cells.
        `x="${left}" y="13.5" textLength="${width}"`,
        look && ` class="${look}"`,
        fg !== undefined && ` fill="${colorOf(fg)}"`,
      ];
      return `${back}<text ${attributes.filter(Boolean).join('')}>${escapeXml(text)}</text>`;
    })
    .join('');
}

function colorOf(/** @type {string | number} */ color) {
  if (color === 'background' || color === 'text') return COLORS[color];
  if (typeof color === 'string') return color;
  if (color < 16) return SIXTEEN[color];
  const hex = (/** @type {number} */ value) => value.toString(16).padStart(2, '0');
  if (color >= 232) return `#${hex(8 + (color - 232) * 10).repeat(3)}`;
  const level = (/** @type {number} */ n) => (n === 0 ? 0 : 55 + n * 40);
  const cube = color - 16;
  return `#${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((n) => hex(level(n))).join('')}`;
}

const round = (/** @type {number} */ value) => Math.round(value * 10) / 10;

const escapeXml = (/** @type {string} */ text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
