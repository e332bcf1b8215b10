/** Does what the keys ask for: the same operations as the commands. */
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { openPage } from '../../lib/process/open-page.js';
import type { Network } from '../../network/network.js';
import { changeConfig } from '../../operations/config/change-config.js';
import type { ConfigTarget } from '../../operations/config/config-target.js';
import { setRegionLink } from '../../operations/cut-region.js';
import { scopeText } from '../../protocol/desired-config.js';
import { valuesFrom } from '../desired-values.js';
import { failedProxyText, setConfigText } from '../output/config-text.js';
import { bypassingText } from '../output/status-text.js';
import { secondsText } from '../output/terminal-text.js';
import type { Effect } from './screen-state.js';

export interface ActionTarget {
  /** Throws where the proxy is not known. */
  config(): ConfigTarget;
  /** Rejects with `NOT_UP` where no `up` runs in this folder. */
  network(): Promise<Network>;
  /** Tells the fleet view that a cut is intended. */
  annotate(annotation: { region: string; connected: boolean }): Promise<void>;
  /** Address of the page. */
  page(): string;
}

export interface Reports {
  note(text: string): void;
  progress(text: string): void;
}

const CHANGE_TIMEOUT_MS = 30_000;
const LINK_TIMEOUT_MS = 150_000;

/** Does it, and reports what was seen, or why it failed. Never rejects. */
export async function perform(effect: Effect, target: ActionTarget, reports: Reports): Promise<void> {
  try {
    if (effect.type === 'change') await change(effect, target, reports);
    if (effect.type === 'link') await link(effect, target, reports);
    if (effect.type === 'open-page')
      reports.note(`${openPage(target.page()) ? 'opened' : 'open in a browser:'} ${target.page()}`);
  } catch (error) {
    const hint = error instanceof AppError && error.hint !== undefined ? ` ${error.hint}` : '';
    reports.note(`error: ${messageOf(error)}.${hint}`);
  }
}

async function change(
  { scope, field, text }: Extract<Effect, { type: 'change' }>,
  { config }: ActionTarget,
  { note, progress }: Reports,
): Promise<void> {
  const set = valuesFrom([`${field}=${text}`]);
  progress(`${scopeText(scope)}: ${field}=${text}`);
  const wanted = { set, unset: [], replace: false };
  const result = await changeConfig(config(), scope, wanted, {
    timeoutMs: CHANGE_TIMEOUT_MS,
    wait: true,
    onProgress: ({ converged, sensors }) => progress(`${scopeText(scope)}: ${converged}/${sensors} sensors converged`),
    onFailed: (failed) => {
      for (const one of failed) note(failedProxyText(one));
    },
  });
  note(`${scopeText(scope)}: ${field}=${text}: ${setConfigText(scope, result)}`);
}

async function link(
  { region, connected }: Extract<Effect, { type: 'link' }>,
  { network, annotate }: ActionTarget,
  { note, progress }: Reports,
): Promise<void> {
  const state = connected ? 'connected' : 'disconnected';
  progress(`${region}: ${connected ? 'reconnecting' : 'disconnecting'}`);
  const result = await setRegionLink(await network(), region, connected, {
    timeoutMs: LINK_TIMEOUT_MS,
    onSet: () => annotate({ region, connected }),
    onProgress: (reached, nodes) => progress(`${region}: ${reached}/${nodes} nodes ${state}`),
  });
  for (const job of result.bypassing ?? []) note(bypassingText(job));
  note(`${region}: ${result.reached}/${result.nodes} nodes ${state} (${secondsText(result.seconds)})`);
}
