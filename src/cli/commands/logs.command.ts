import { once } from 'node:events';
import { Option } from 'commander';
import { loggedServices, readLogs } from '../../operations/logs/read-logs.js';
import type { CommandSpec } from '../command.js';
import { integerOption, sinceFrom, sinceOption } from '../command-options.js';
import { logDocument, logText } from '../output/log-text.js';
import { StopSignal } from '../stop-signal.js';
import { logsTarget } from '../targets.js';

export const logs: CommandSpec = {
  name: 'logs [services...]',
  summary: 'show what services, nodes and containers logged, merged by time; also after they stopped',
  modes: ['text', 'ndjson'],
  settings: ['stateDir', 'token', 'logLevel'],
  options: [
    new Option('-f, --follow', 'go on with new lines until Ctrl-C'),
    sinceOption('only lines since then'),
    new Option('-n, --tail <count>', 'only the newest lines of each service'),
  ],
  examples: [
    'wasm-sensors logs --since 10m --log-level warn',
    'wasm-sensors logs proxy puller -f',
    'wasm-sensors logs -o ndjson | jq \'select(.event == "child.exited")\'',
  ],
  async action({ out, settings, options, args }) {
    const target = logsTarget(settings);
    const tail = integerOption(options.tail, '--tail', 0);
    const since = sinceFrom(options);
    const stop = new StopSignal();
    const width = Math.max(0, ...(args.length > 0 ? args : await loggedServices(target)).map(({ length }) => length));
    const lines = readLogs(target, {
      services: args,
      level: settings.logLevel,
      follow: options.follow === true,
      signal: stop.signal,
      ...(tail === undefined ? {} : { tail }),
      ...(since === undefined ? {} : { since }),
    });
    for await (const line of lines) {
      if (stop.signal.aborted) break;
      out.event(logDocument(line), (style) => logText(line, style, width));
      // A reader that is slower than this, such as a pager, must not fill the memory.
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain', stop).catch(() => {});
    }
    return stop.exitCode;
  },
};
