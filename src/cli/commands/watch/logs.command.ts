import { once } from 'node:events';
import { loggedServices, readLogs } from '../../../operations/logs/read-logs.js';
import { command } from '../../command.js';
import * as option from '../../options.js';
import { logDocument, logText } from '../../output/log-text.js';
import { StopSignal } from '../../stop-signal.js';
import { logsTarget } from '../../targets.js';

export const logs = command({
  name: 'logs [services...]',
  summary: 'show what services, nodes and containers logged, merged by time; also after they stopped',
  modes: ['text', 'ndjson'],
  settings: ['stateDir', 'token', 'logLevel'],
  options: {
    follow: option.flag('-f, --follow', 'go on with new lines until Ctrl-C'),
    since: option.since('only lines since then'),
    tail: option.value('-n, --tail <count>', 'only the newest lines of each service', option.integer(0)),
  },
  examples: [
    'wasm-sensors logs --since 10m --log-level warn',
    'wasm-sensors logs proxy puller -f',
    'wasm-sensors logs -o ndjson | jq \'select(.event == "child.exited")\'',
  ],
  async action({ out, settings, options: { follow, since, tail }, args: { services } }) {
    const target = logsTarget(settings);
    const stop = new StopSignal();
    const names = services.length > 0 ? services : await loggedServices(target);
    const width = Math.max(0, ...names.map(({ length }) => length));
    const query = { services, level: settings.logLevel, follow, signal: stop.signal, tail, since };
    for await (const line of readLogs(target, query)) {
      if (stop.signal.aborted) break;
      out.event(logDocument(line), (style) => logText(line, style, width));
      // A reader that is slower than this, such as a pager, must not fill the memory.
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain', stop).catch(() => {});
    }
    return stop.exitCode;
  },
});
