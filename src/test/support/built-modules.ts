/** For tests: the modules, built from the sources as they are. */

import { join } from 'node:path';
import { packageRoot } from '../../lib/process/self-command.js';
import { buildWasm, hashSources } from '../../modules/build-modules.js';
import type { BuiltModule } from '../../modules/compile.js';
import type { ModuleName } from '../../modules/module-files.js';
import { loadModule, type SensorModule } from '../../sensor-host/guest/sensor-module.js';

/** One folder for each state of the sources: checkouts that share `node_modules` do not replace each other's modules. */
let built: Promise<BuiltModule[]> | undefined;
const loaded = new Map<ModuleName, Promise<SensorModule>>();

async function build(): Promise<BuiltModule[]> {
  const hash = await hashSources(packageRoot);
  return buildWasm({ outDir: join(packageRoot, 'node_modules/.cache/wasm-sensors', hash.slice(0, 12)) });
}

/** Built once for each state of the sources, and compiled once for each test file. */
export function testModule(name: ModuleName): Promise<SensorModule> {
  let module = loaded.get(name);
  if (!module) {
    // They are built with Asyncify.
    module = testModulePath(name).then(loadModule) as Promise<SensorModule>;
    loaded.set(name, module);
  }
  return module;
}

export async function testModulePath(name: ModuleName): Promise<string> {
  built ??= build();
  return (await built).find((module) => module.name === name)!.path;
}
