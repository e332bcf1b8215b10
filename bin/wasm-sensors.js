#!/usr/bin/env node
// The guard must parse on any Node, so this file stays free of new syntax, and the program is imported after it.
import module from 'node:module';

var parts = process.versions.node.split('.').map(Number);
if (parts[0] < 20 || (parts[0] === 20 && parts[1] < 11)) {
  process.stderr.write(
    'wasm-sensors needs Node 20.11 or newer; this is Node ' +
      process.versions.node +
      '.\nInstall a current version from https://nodejs.org and run the command again.\n',
  );
  process.exit(1);
}
// From Node 22 on, compiled code is kept in the folder for temporary files: the processes of `up` start a third faster.
if (module.enableCompileCache) module.enableCompileCache();
import('../dist/cli/main.js').catch((error) => {
  if (error && error.code === 'ERR_MODULE_NOT_FOUND' && /dist[\\/]cli[\\/]main\.js/.test(String(error.message))) {
    process.stderr.write('wasm-sensors is not built yet: run `npm ci` (or `npm run build`) in its folder.\n');
  } else {
    process.stderr.write(String((error && error.stack) || error) + '\n');
  }
  process.exit(1);
});
