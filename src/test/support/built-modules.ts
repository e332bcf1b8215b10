/** For tests: the modules, built from the sources as they are. */
import { join } from 'node:path';
import { buildWasm } from '../../modules/build-modules.js';
import { type ModuleName, PACKAGE_ROOT } from '../../modules/module-files.js';
import { loadModule, type SensorModule } from '../../sensor-host/sensor-module.js';

/** Builds when a source changed since the last test run; several test files may ask at the same time. */
export async function testModule(name: ModuleName): Promise<SensorModule> {
  return loadModule(await testModulePath(name));
}

export async function testModulePath(name: ModuleName): Promise<string> {
  const built = await buildWasm({ outDir: join(PACKAGE_ROOT, 'node_modules/.cache/wasm-sensors') });
  return built.find((module) => module.name === name)!.path;
}
