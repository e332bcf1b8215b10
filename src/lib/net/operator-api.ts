/** An API for the operator alone: on loopback, for programs that have the operator token. */
import { Hono } from 'hono';
import { answerError, answerNotFound } from '../errors/http-error.js';
import { needsToken } from './bearer-token.js';
import { refuseForeignPages } from './browser-guard.js';

export interface OperatorApiOptions {
  /** The operator token. */
  token: string;
  /** Names (without port) that requests may have as their `Host`; any without. */
  hosts?: string[] | undefined;
  /** Receives the stacks of defects; by default standard error. */
  log?(text: string): void;
}

/** An app without routes. `open`: paths that need no token. */
export function operatorApi({ token, hosts, log = console.error }: OperatorApiOptions, open?: string[]): Hono {
  const app = new Hono();
  app.use(refuseForeignPages(hosts));
  app.use(needsToken(token, 'this API', open));
  app.notFound(answerNotFound);
  app.onError((error, c) => answerError(error, c, log));
  return app;
}
