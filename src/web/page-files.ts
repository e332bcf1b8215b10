/** The files of the page. The build copies the chart library beside them; without a build it is among the packages. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../lib/process/self-command.js';

const SOURCES = new URL('./page/', import.meta.url);
/** The build puts the page elsewhere than the program. */
export const PAGE_FOLDER = existsSync(SOURCES) ? SOURCES : pathToFileURL(`${packageRoot}dist/web/page/`);

/** Names on the page, and the files of the package. */
const CHART_LIBRARY = { 'uplot.js': 'uplot/dist/uPlot.esm.js', 'uplot.css': 'uplot/dist/uPlot.min.css' };

export function pageFiles(): Map<string, URL> {
  const files = new Map(readdirSync(PAGE_FOLDER).map((name) => [name, new URL(name, PAGE_FOLDER)]));
  const { resolve } = createRequire(import.meta.url);
  for (const [name, file] of Object.entries(CHART_LIBRARY)) {
    if (!files.has(name)) files.set(name, pathToFileURL(resolve(file)));
  }
  return files;
}
