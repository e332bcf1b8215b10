/** For tests: the modules, built from the sources as they are. */

import { buildWasm } from '../../modules/build-modules.js';
import type { BuiltModule } from '../../modules/compile.js';
import { MODULES_DIR, type ModuleName } from '../../modules/module-files.js';
import { loadModule, type SensorModule } from '../../sensor-host/guest/sensor-module.js';

let built: Promise<BuiltModule[]> | undefined;
const loaded = new Map<ModuleName, Promise<SensorModule>>();

/** Compiled once for each test file. */
export function testModule(name: ModuleName): Promise<SensorModule> {
  let module = loaded.get(name);
  if (!module) {
    // They are built with Asyncify.
    module = testModulePath(name).then(loadModule) as Promise<SensorModule>;
    loaded.set(name, module);
  }
  return module;
}

/** Where the build has left them, unless the sources have changed since. */
export async function testModulePath(name: ModuleName): Promise<string> {
  built ??= buildWasm({ outDir: MODULES_DIR });
  return (await built).find((module) => module.name === name)!.path;
}
