import { resolve } from 'node:path';
import { loadAllProviders } from '../../network/registry.js';
import { renderMonitoring } from '../../operations/render-monitoring.js';
import { command } from '../command.js';
import * as option from '../options.js';

export const render = command({
  name: 'render',
  summary: 'write the Docker network and the jobs as files that work without this program',
  settings: ['nodes', 'relays', 'store', 'stateDir'],
  settingTexts: { store: '`postgres` adds a PostgreSQL server, where the puller keeps readings' },
  options: { dir: option.value('--dir <folder>', 'folder for the files', option.text, 'network') },
  examples: ['wasm-sensors render --dir network && cd network && docker compose up -d'],
  async action({ out, settings, options }) {
    const folder = resolve(options.dir);
    const files: string[] = [];
    for (const provider of await loadAllProviders()) {
      const options = {
        nodesPerRegion: settings.nodes,
        relays: settings.relays,
        postgres: settings.store === 'postgres',
      };
      files.push(...((await provider.render?.(folder, options)) ?? []));
    }
    files.push(...(await renderMonitoring(folder, settings)));
    out.result({ folder, files }, () =>
      [
        ...files.map((file) => `  ${file}`),
        `written to ${folder}; run \`docker compose up -d\` there to start it`,
      ].join('\n'),
    );
  },
});
