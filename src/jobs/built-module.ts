/** The built modules, as jobs carry them. */
import { readFile } from 'node:fs/promises';
import { modulePath } from '../modules/module-files.js';
import type { JobEnvironment } from './render-job.js';

/** Rejects with `MODULE_NOT_BUILT`. */
export const builtModule: JobEnvironment['module'] = async (name) => readFile(modulePath(name));
