// Copies what the compiler leaves alone next to the compiled files that read it.
import { cpSync } from 'node:fs';

const path = (/** @type {string} */ name) => new URL(`../${name}`, import.meta.url);

cpSync(path('src/web/page'), path('dist/web/page'), {
  recursive: true,
  filter: (name) => !/tsconfig\.json$|\.ts$/.test(name),
});
// The chart library of the page, with its licence.
const UPLOT = { 'dist/uPlot.esm.js': 'uplot.js', 'dist/uPlot.min.css': 'uplot.css', LICENSE: 'uplot.license' };
for (const [from, to] of Object.entries(UPLOT)) cpSync(path(`node_modules/uplot/${from}`), path(`dist/web/page/${to}`));
