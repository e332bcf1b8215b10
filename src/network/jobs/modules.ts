/** The built modules, as jobs carry them. */
import { readFile } from 'node:fs/promises';
import { modulePath } from '../../sensors/modules.js';
import type { JobSurroundings } from './render.js';

/** Rejects with `MODULE_NOT_BUILT`. */
export const builtModule: JobSurroundings['module'] = async (name) => readFile(modulePath(name));
