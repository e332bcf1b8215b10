import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Convergence } from '../../../fleet/fleet-view.js';
import { AppError, messageOf } from '../../../lib/errors/app-error.js';
import type { FailedProxy } from '../../../operations/config/apply-to-proxies.js';
import { changeConfig, type WantedChange } from '../../../operations/config/change-config.js';
import { editConfigFile } from '../../../operations/config/edit-region-file.js';
import { configDocument, readConfig } from '../../../operations/config/read-config.js';
import { rollOut } from '../../../operations/config/rollout.js';
import { openSession } from '../../../runtime/session.js';
import { type CommandContext, command } from '../../command.js';
import { desiredFieldNamed, valuesFrom } from '../../desired-values.js';
import * as option from '../../options.js';
import {
  configText,
  convergedText,
  failedProxyText,
  fileSeenText,
  followText,
  hiddenTexts,
  readProgressText,
  setConfigText,
} from '../../output/config-text.js';
import { namesText, secondsText } from '../../output/terminal-text.js';
import { openConfigTarget, TARGET_SETTINGS } from '../../targets.js';

const changeOptions = () => ({
  ...option.scope(),
  timeoutMs: option.timeout(30),
  wait: option.flag('--no-wait', 'return as soon as the proxy has saved the change'),
  includeNarrower: option.flag(
    '--include-narrower',
    'also clear the same values in narrower scopes, which would hide the change',
  ),
  replace: option.flag('--replace', 'give up what a proxy has lost: sensors keep only what is set now'),
});

type Context = CommandContext<ReturnType<typeof changeOptions>>;

export const configSet = command({
  name: 'config set <values...>',
  summary:
    'change running sensors (color, emoji, random_off, interval, paused, settings they declare), and wait until their readings show it; exit code 1: no sensor follows',
  settings: TARGET_SETTINGS,
  options: {
    ...changeOptions(),
    ahead: option.flag('--ahead', 'set it for sensors, a region or a host that do not exist yet').conflicts('rollout'),
    rollout: option
      .value(
        '--rollout <regions>',
        'one region after the other, each only when the one before has converged',
        option.commaList,
      )
      .conflicts(['region', 'host', 'wait']),
  },
  examples: [
    "wasm-sensors config set color='#00ff88' interval=1",
    'wasm-sensors config set --region eu color=random emoji=3',
    'wasm-sensors config set --rollout us,eu,as interval=2',
    'wasm-sensors config set --region eu threshold=5    # a setting of a sensor of your own',
  ],
  async action(context) {
    const { options, args } = context;
    const { ahead, replace, includeNarrower, rollout } = options;
    const wanted = { set: valuesFrom(args.values), unset: [], ahead, replace, includeNarrower };
    return rollout === undefined ? change(context, wanted) : changeInTurn(context, rollout, wanted);
  },
});

export const configUnset = command({
  name: 'config unset <names...>',
  summary: 'clear desired values: sensors fall back to the wider scope, their file, their flags',
  settings: TARGET_SETTINGS,
  options: changeOptions(),
  examples: ['wasm-sensors config unset --region eu color'],
  async action(context) {
    const { replace, includeNarrower } = context.options;
    return change(context, { set: {}, unset: context.args.names.map(desiredFieldNamed), replace, includeNarrower });
  },
});

async function change(context: Context, wanted: WantedChange): Promise<number> {
  const { out, settings, options } = context;
  const scope = option.scopeFrom(options);
  const result = await changeConfig(openConfigTarget(settings), scope, wanted, {
    ...waiting(context),
    wait: options.wait,
  });
  const { seen, ...saved } = result;
  const { hidden, revoked } = seen ?? { hidden: [], revoked: [] };
  for (const text of hiddenTexts(hidden)) out.warn(text);
  if (revoked.length > 0) out.warn(`${namesText(revoked, 5)}: revoked, so no reading can show the change`);
  out.result({ ...saved, ...seen }, () => setConfigText(scope, result));
  const changedNone = Object.keys(wanted.set).length > 0 && !wanted.ahead && seen?.converged === 0;
  return changedNone || result.failed.length > 0 ? 1 : 0;
}

async function changeInTurn(context: Context, regions: string[], wanted: WantedChange): Promise<number> {
  const { out, settings } = context;
  const result = await rollOut(openConfigTarget(settings), regions, wanted, {
    ...waiting(context),
    onRegion(region, seen, sending) {
      out.note(`${region}: ${followText(seen)}${sending ? ' and reporting' : ', all paused'}`);
      for (const text of hiddenTexts(seen.hidden)) out.warn(text);
    },
  });
  out.result(result, () => `rolled out to ${result.regions.join(', ')} (${secondsText(result.seconds)})`);
  return result.failed.length > 0 ? 1 : 0;
}

const waiting = ({ out, options: { timeoutMs } }: Context) => ({
  timeoutMs,
  // Sensors that follow a narrower scope do not count.
  onProgress: ({ sensors, converged, change }: Convergence) =>
    out.progress(convergedText({ sensors, converged: change?.converged ?? converged })),
  onFailed(failed: FailedProxy[]) {
    for (const one of failed) out.warn(failedProxyText(one));
  },
});

export const configShow = command({
  name: 'config show',
  summary: 'show the desired configuration of every scope, and what the sensors report, with the source of each value',
  settings: TARGET_SETTINGS,
  async action({ out, settings }) {
    const view = await readConfig(openConfigTarget(settings));
    for (const { url, reason } of view.differing) out.warn(`${url} ${reason}`);
    const { lost } = view.desired;
    if (lost !== undefined) {
      const again = 'set every value again with `wasm-sensors config set --replace`';
      out.warn(`${view.holder} has lost version ${lost}, which sensors still have; ${again}`);
    }
    out.result(configDocument(view), (style) => configText(view, style));
  },
});

export const configEdit = command({
  name: 'config edit <region>',
  summary: "open the region's YAML file in $EDITOR; its sensors apply it when you save it",
  settings: ['stateDir', 'pullerUrl'],
  options: { timeoutMs: option.timeout(30) },
  async action({ out, settings, options: { timeoutMs }, args: { region } }) {
    const session = openSession(settings);
    const target = { network: await session.network(), fleet: session.fleet };
    const { file, seen } = await editConfigFile(target, region, {
      edit: openEditor,
      timeoutMs,
      onProgress: (progress) => out.progress(readProgressText(progress)),
    });
    out.result({ file, changed: seen !== undefined, ...seen }, () =>
      seen ? fileSeenText(file, region, seen) : `${file} was not changed`,
    );
  },
});

/** Runs the editor on this terminal; `EDITOR` may hold arguments. */
async function openEditor(file: string): Promise<void> {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi';
  const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
  const problem = await once(child, 'exit').then(
    ([code, signal]) => (code === 0 ? undefined : `${editor} exited with ${signal ?? `code ${code}`}`),
    (error) => `can't run ${editor}: ${messageOf(error)}`,
  );
  if (problem === undefined) return;
  throw new AppError('EDITOR_FAILED', problem, { hint: 'Try again, or set EDITOR to another editor.' });
}
