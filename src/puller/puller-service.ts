/** The puller put together: pipeline, sinks, fleet view, alerts, retention and the HTTP side. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hono } from 'hono';
import type { AlertEvent } from '../fleet/fleet-events.js';
import { messageOf } from '../lib/errors/app-error.js';
import type { Queue } from '../queue/queue.js';
import { AlertState, silenceRule } from './alerts.js';
import { Hub } from './event-hub.js';
import { Puller } from './puller.js';
import { createPullerApp } from './puller-app.js';
import { LogSink } from './sinks/log-sink.js';
import { StoreSink } from './sinks/readings-store.js';
import type { Sink } from './sinks/sink.js';
import { namingTrouble } from './sinks/store-failures.js';

export interface PullerServiceOptions {
  queue: Queue;
  /** File of the store; without one readings are only shown. */
  storePath: string | undefined;
  retentionMs: number;
  /** Writes the log sink's lines. */
  log: ((text: string) => void) | undefined;
  alert: { afterSeconds: number; webhook: string | undefined; write(line: string): void } | undefined;
  pollers: number;
  page: Hono;
  /** Names under which it is reached on loopback; see the proxy's guard. */
  hosts: string[] | undefined;
  /** The operator's; see `PullerAppDeps`. */
  token?: string | undefined;
  /** For people: troubles. */
  say(text: string): void;
}

export interface PullerService {
  app: Hono;
  start(): void;
  stop(): Promise<void>;
}

const SUMMARY_EVERY_MS = 1_000;
const CHECKPOINT_EVERY_MS = 30_000;
const FORGET_EVERY_MS = 1_000;
const WEBHOOK_PAUSE_MS = 500;

export function createPullerService(options: PullerServiceOptions): PullerService {
  const { queue, say } = options;
  const hub = new Hub();
  const store = options.storePath === undefined ? undefined : new StoreSink(options.storePath);
  const sinks: Sink[] = [...(store ? [store] : []), ...(options.log ? [new LogSink(options.log)] : [])];
  const puller = new Puller({
    queue,
    sinks,
    pollers: options.pollers,
    onTaken: (deliveries) => hub.observe(deliveries),
    onTrouble: say,
  });
  const alerts = new AlertState(options.alert ? [silenceRule(options.alert.afterSeconds, Date.now())] : []);
  const closed = new AbortController();
  const timers: NodeJS.Timeout[] = [];

  function everySecond(): void {
    const summary = hub.fleet.summary(Date.now());
    hub.publish({ event: 'summary', summary });
    for (const alert of alerts.update(summary)) {
      hub.publish(alert);
      options.alert?.write(`${alert.firing ? 'alert' : 'over'}: ${alert.text}\n`);
      if (options.alert?.webhook !== undefined) void post(options.alert.webhook, alert, say);
    }
  }

  function checkpoint(): void {
    hub.fleet.prune(Date.now());
    store?.saveCheckpoint(hub.fleet.dump());
  }

  let upkeepFails = false;
  /** Work on the store that can wait: a full disk, or a store that somebody else has locked, must not end the puller. */
  function upkeep(work: () => void): void {
    try {
      work();
      upkeepFails = false;
    } catch (error) {
      if (!upkeepFails) say(`the store can't be kept in order, and is tried again: ${messageOf(error)}`);
      upkeepFails = true;
    }
  }

  if (store) {
    namingTrouble(options.storePath!, () => {
      const { fleet, after } = store.loadCheckpoint();
      hub.restore(fleet, after);
    });
  }
  return {
    app: createPullerApp({
      hub,
      queue,
      stats: () => puller.stats,
      firing: () => alerts.firing,
      closed: closed.signal,
      page: options.page,
      hosts: options.hosts,
      token: options.token,
      ...(store ? { store } : {}),
    }),
    start() {
      puller.start();
      timers.push(
        setInterval(everySecond, SUMMARY_EVERY_MS),
        setInterval(() => upkeep(checkpoint), CHECKPOINT_EVERY_MS),
        setInterval(() => upkeep(() => store?.forget(Date.now() - options.retentionMs)), FORGET_EVERY_MS),
      );
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      closed.abort();
      await puller.stop();
      upkeep(checkpoint);
      store?.close();
    },
  };
}

/** Posts an alert; three tries, then the trouble is said. */
async function post(url: string, alert: AlertEvent, say: (text: string) => void): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alert),
        signal: AbortSignal.timeout(5000),
      });
      if (response.ok) return;
      throw new Error(`it answered ${response.status}`);
    } catch (error) {
      if (attempt < 3) {
        await sleep(WEBHOOK_PAUSE_MS);
        continue;
      }
      say(`the webhook did not take an alert: ${messageOf(error)}`);
      return;
    }
  }
}
