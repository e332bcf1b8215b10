/**
 * `/config`: the desired configuration over HTTP (docs/protocol.md). Reading needs a token where the proxy is locked, and
 * changes need the operator token. A proxy that follows another one forwards changes to it.
 *
 * Hono's validator is not used here: it treats a body without `Content-Type: application/json` as empty.
 */
import { Hono } from 'hono';
import { AppError } from '../lib/errors/app-error.js';
import { readJsonBody } from '../lib/errors/http-error.js';
import { decodeUtf8 } from '../lib/json.js';
import { tokenProblem } from '../lib/net/bearer-token.js';
import { readBody } from '../lib/net/request-body.js';
import {
  type DesiredState,
  desiredStateSchema,
  effectiveConfig,
  hasTooManySettings,
  type Patch,
  patchSchema,
} from '../protocol/desired-config.js';
import { parseReportedConfig, SENSOR_CONFIG_HEADER } from '../protocol/sensor-config.js';
import { MAX_SETTINGS } from '../protocol/sensor-settings.js';
import { type AuthorityFollower, FORWARDED_HEADER } from './authority-follower.js';
import type { DesiredConfigStore } from './desired-config-store.js';
import type { GuardOptions } from './proxy.js';
import type { SensorAccess } from './sensor-access.js';
import type { Change } from './shared-state.js';

/** An operator has changed a scope. */
export type ConfigEvent = { type: 'config.changed'; version: number } & Pick<Patch, 'scope' | 'set' | 'unset'>;

interface ConfigRoutesDeps extends Pick<GuardOptions, 'operatorToken' | 'lock'> {
  desired: DesiredConfigStore;
  /** Given where this proxy follows another one. */
  follower: AuthorityFollower | undefined;
  /** Makes a change where this proxy follows none. */
  change: Change;
  /** Where the proxies share it. */
  shared: string | undefined;
  access: SensorAccess;
  onEvent: ((event: ConfigEvent) => void) | undefined;
}

export function configRoutes(deps: ConfigRoutesDeps): Hono {
  const { desired, follower, change, shared, operatorToken, lock, access, onEvent } = deps;
  const app = new Hono();
  /** A follower has lost nothing: the authority holds what its sensors have. */
  const stateOf = (): DesiredState => ({
    ...desired.state,
    ...(follower || desired.lost === undefined ? {} : { lost: desired.lost }),
    ...(follower || shared !== undefined ? { follows: follower?.url ?? shared } : {}),
  });

  app.get('/config', (c) => {
    const sender = access.identify(c.req.header('authorization'), Date.now());
    const isRelay = !(sender instanceof AppError) && sender.relay !== undefined;
    const problem = isRelay ? undefined : lock?.problemOf(c, Date.now());
    if (problem) throw problem;
    const { seen } = c.req.query();
    // A follower reports which versions its sensors have; the operator token or that of a relay proves that it is one.
    if (seen !== undefined && (isRelay || !tokenProblem(c.req.header('authorization'), [operatorToken], ''))) {
      desired.recordReportedVersion(Number(seen));
    }
    const state = stateOf();
    const etag = `"${state.version}${state.lost === undefined ? '' : `-${state.lost}`}"`;
    c.header('etag', etag);
    return c.req.header('if-none-match') === etag ? c.body(null, 304) : c.json(state);
  });

  app.on(['PATCH', 'PUT'], '/config', async (c, next) => {
    const authorization = c.req.header('authorization');
    // A follower leaves it to the authority to compare tokens, and asks it only for callers who have one.
    const isLeft = follower !== undefined && authorization !== undefined;
    const problem = tokenProblem(authorization, [follower ? '' : operatorToken], 'changing configuration');
    if (problem && !isLeft) throw problem;
    if (!follower) return next();
    if (c.req.header(FORWARDED_HEADER) !== undefined) {
      const message = `this proxy is not the authority, it follows ${follower.url}: let proxies follow the authority itself`;
      throw new AppError('NOT_AUTHORITY', message);
    }
    return follower.forward(c.req.method, await readBody(c, decodeUtf8), authorization);
  });

  app.patch('/config', async (c) => {
    const patch = await readJsonBody(c, patchSchema, badField);
    if (patch.seen !== undefined) desired.recordReportedVersion(patch.seen);
    // What is held in a database was not lost with this proxy.
    else if (!patch.replace && desired.lost === undefined && (shared === undefined || desired.version === 0))
      await desired.waitForAllReports();
    const changed = await change((held) => applyPatch(held.desired, patch));
    const { scope, set, unset } = patch;
    onEvent?.({ type: 'config.changed', version: changed.version, scope, set, unset });
    return c.json(changed);
  });

  app.put('/config', async (c) => {
    const state = await readJsonBody(c, desiredStateSchema, badField);
    await change((held) => held.desired.takeOver(state));
    return c.json(stateOf());
  });

  app.get('/config/effective', (c) => {
    const { region = '', hostname = '', version } = c.req.query();
    const sender = access.identify(c.req.header('authorization'), Date.now());
    if (sender instanceof AppError && lock?.problemOf(c, Date.now())) throw sender;
    // The only place where a paused sensor reports its version. Where sensors need a token, the report of a sender
    // without it does not count. A version in the URL never counts: any web page can make a browser open a URL.
    const reported = parseReportedConfig(c.req.header(SENSOR_CONFIG_HEADER));
    if (reported && !(sender instanceof AppError) && !sender.unproven) desired.recordReportedVersion(reported.version);
    const config = effectiveConfig(desired.state, region, hostname);
    if (version !== undefined && config.version <= Number(version)) return c.body(null, 204);
    return c.json({ config });
  });
  return app;
}

const badField = (field: string, message: string) =>
  new AppError('BAD_FIELD', `${field.replace(/^set(\.|$)/, '')} ${message}`.trim());

function applyPatch(desired: DesiredConfigStore, patch: Patch) {
  if (desired.lost !== undefined && !patch.replace) {
    const what = `this proxy has lost version ${desired.lost}, which sensors still have`;
    const why = 'they would forget every value that is not set again';
    const how = 'give "replace": true (`config set --replace`), or PUT /config what another proxy holds';
    throw new AppError('STATE_LOST', `${what}: ${why}; ${how}`);
  }
  if (hasTooManySettings(desired.state, patch.set)) {
    const why = `all scopes together have more than ${MAX_SETTINGS} settings; unset those that no sensor has any more`;
    throw new AppError('BAD_FIELD', why);
  }
  const config = desired.patch(patch, Date.now());
  return { version: config.version, scope: patch.scope, config };
}
