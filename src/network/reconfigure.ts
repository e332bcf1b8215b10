/** Changing the configuration of running sensors, until their readings show it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type DesiredState, type Scope, scopeText } from '../core/desired.js';
import { AppError, messageOf, systemError } from '../core/errors.js';
import type { Convergence } from '../core/fleet-view.js';
import type { SensorConfig, SensorConfigField } from '../core/sensor-config.js';
import type { ConfigClient } from '../proxy/client.js';
import type { FleetClient } from '../puller/client.js';

export interface Change {
  scope: Scope;
  set: SensorConfig;
  unset: SensorConfigField[];
}

export interface ApplyResult {
  version: number;
  /** Proxies that did not take it, and why. */
  failed: { url: string; reason: string }[];
}

/**
 * Gives a change to every proxy, with one version for all. Rejects when none took it (the first one's reason), and at
 * once when the first refuses the value or the token.
 */
export async function applyChange(proxies: ConfigClient[], change: Change): Promise<ApplyResult> {
  const failed: ApplyResult['failed'] = [];
  let version: number | undefined;
  let firstError: unknown;
  for (const proxy of proxies) {
    try {
      version = await proxy.patch(version === undefined ? change : { ...change, version });
    } catch (error) {
      if (error instanceof AppError && error.fault === 'user' && version === undefined) throw error;
      firstError ??= error;
      failed.push({ url: proxy.url, reason: messageOf(error) });
    }
  }
  if (version === undefined) throw firstError;
  return { version, failed };
}

export interface WaitOptions {
  timeoutMs: number;
  onProgress(convergence: Convergence): void;
}

/** Waits until every sensor of the scope does what is desired; rejects with `NOT_CONVERGED` and those that are pending. */
export async function untilConverged(
  fleet: FleetClient,
  state: DesiredState,
  scope: Scope,
  options: WaitOptions,
): Promise<Convergence> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    const now = await fleet.convergence(state, scope);
    options.onProgress(now);
    if (now.converged === now.sensors) return now;
    if (Date.now() > deadline) throw notConverged(now, scope, options.timeoutMs);
    await sleep(now.sensors > 1000 ? 150 : 50);
  }
}

function notConverged({ sensors, converged, pending }: Convergence, scope: Scope, timeoutMs: number): AppError {
  const more = sensors - converged - pending.length;
  return systemError(
    'NOT_CONVERGED',
    `${scopeText(scope)}: ${converged}/${sensors} sensors converged in ${timeoutMs / 1000} s`,
    {
      details: [
        ...pending.map(
          ({ hostname, region, state }) =>
            `pending: ${hostname} (${region}), ${state === 'silent' ? 'silent: cut off?' : state}`,
        ),
        ...(more > 0 ? [`and ${more} more`] : []),
      ],
      hint: 'The change is kept: they will take it as soon as they reach the proxy. `wasm-sensors config show` tells how far they are.',
    },
  );
}

/**
 * A staged roll-out: goes on to the next region only when the one before has converged and its sensors still send after
 * it. Rejects with `ROLLOUT_STOPPED`.
 */
export async function rollOut(
  proxies: ConfigClient[],
  fleet: FleetClient,
  regions: string[],
  change: Omit<Change, 'scope'>,
  options: WaitOptions & { onRegion(region: string, convergence: Convergence): void },
): Promise<ApplyResult> {
  let result: ApplyResult | undefined;
  for (const [i, region] of regions.entries()) {
    const scope = { region };
    try {
      result = await applyChange(proxies, { ...change, scope });
      const state = await proxies[0]!.state();
      const convergence = await untilConverged(fleet, state, scope, options);
      await keepsSending(fleet, region, change.set.paused === true);
      options.onRegion(region, convergence);
    } catch (error) {
      const left = regions.slice(i + 1);
      throw systemError('ROLLOUT_STOPPED', `the roll-out stopped at ${region}: ${messageOf(error)}`, {
        cause: error,
        details: error instanceof AppError ? error.details : [],
        hint: `${left.length > 0 ? `${left.join(', ')} was not changed. ` : ''}Mend ${region} and run it again, or take it back with \`wasm-sensors config unset --region ${region} …\`.`,
      });
    }
  }
  return result!;
}

/** The region's sensors must send on after the change: one that only acknowledged it and died would look converged. */
async function keepsSending(fleet: FleetClient, region: string, paused: boolean): Promise<void> {
  if (paused) return;
  const before = (await fleet.snapshot()).sensors.filter((s) => s.region === region && s.state === 'live');
  const longest = Math.max(1000, ...before.map(({ config }) => config?.intervalMs ?? 5000));
  const deadline = Date.now() + 2 * longest + 3000;
  for (;;) {
    const now = new Map((await fleet.snapshot()).sensors.map((s) => [s.execution_id, s.sequence]));
    const stuck = before.filter((s) => (now.get(s.execution_id) ?? 0) <= s.sequence);
    if (stuck.length === 0) return;
    if (Date.now() > deadline) {
      throw systemError(
        'STOPPED_SENDING',
        `${stuck.length} of ${before.length} sensors sent nothing after the change`,
        {
          details: stuck.slice(0, 10).map(({ hostname }) => hostname),
        },
      );
    }
    await sleep(200);
  }
}
