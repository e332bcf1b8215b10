import { resolve } from 'node:path';
import { Option } from 'commander';
import type { CommandSpec } from '../command.js';

export const render: CommandSpec = {
  name: 'render',
  summary: 'write the Docker network and the jobs as files that work without this program',
  modes: ['text', 'json'],
  settings: ['nodes'],
  options: [new Option('--dir <folder>', 'where they go').default('network')],
  examples: ['wasm-sensors render --dir network && cd network && docker compose up -d'],
  async action({ out, settings, options }) {
    const { writeExtras, writeNetworkFiles } = await import('../../network/compose/network-folder.js');
    const folder = resolve(String(options.dir));
    const files = await writeNetworkFiles(folder, {
      nodesPerRegion: settings.nodes,
      dockerInside: 'privileged',
      embeddedQueue: true,
      heading: [
        `Made by \`wasm-sensors render --nodes ${settings.nodes}\` from templates/compose.yaml.`,
        'Start it with: docker compose up -d   (`.env.template` explains the variables; copy it to `.env`)',
      ],
    });
    files.push(...(await writeExtras(folder)));
    out.result({ folder, files }, () =>
      [...files.map((file) => `  ${file}`), `in ${folder}; start it there with \`docker compose up -d\``].join('\n'),
    );
    return 0;
  },
};
