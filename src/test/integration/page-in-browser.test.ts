/** The web page in a real browser, on a real system. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, launchChromium } from '../../bench/chromium.js';
import { type Listener, listen } from '../../lib/net/http-server.js';
import { isAlive, type ProcessId } from '../../lib/process/process-id.js';
import type { Reading } from '../../protocol/message.js';
import { EventHub } from '../../puller/events/event-hub.js';
import { FleetClient } from '../../puller/fleet-client.js';
import { createPullerApp } from '../../puller/puller-app.js';
import { QUEUE_NAME, type Queue } from '../../queue/queue.js';
import { createPage } from '../../web/web-page.js';
import { eventually, type Running, Sandbox } from '../support/cli-harness.js';
import { oneUnit } from '../support/one-unit.js';

const BROWSER = findChromium();
/** The page as the build has left it. */
const BUILT = new URL('../../../dist/web/page/', import.meta.url);
const REGIONS = ['us', 'eu', 'as'];
/** More than a panel names. */
const COLORS = ['#ffffff', '#000000', '#e6194b', '#3cb44b', '#ffe119', '#4363d8', '#f58231'];
const HOSTILE = '<img src=x onerror="document.title=1">';

const inBrowser = (name: string, body: () => Promise<void>) =>
  test(name, async (context) => {
    if (BROWSER === undefined) context.skip('there is no Chromium on the PATH, and CHROMIUM_BIN is not set');
    await body();
  });

describe('the web page', () => {
  const sandbox = new Sandbox();
  /** What a broken page would say: exceptions, and what the content policy refused. */
  const complaints: string[] = [];
  let up: Running;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    if (BROWSER === undefined) return;
    const args = ['up', '--deploy', '--interval', '0.5', '--color', '#112233', '--alert-after', '2'];
    up = sandbox.spawn([...args, ...(await Sandbox.portFlags())]);
    browser = await launchChromium(BROWSER);
    page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on(
      'console',
      (message) => /Content Security|TrustedHTML/.test(message.text()) && complaints.push(message.text()),
    );
    await eventually('the puller', async () => (await sandbox.fleet().summary()).total.live === REGIONS.length);
    await load(() => page.goto(sandbox.state().endpoints.puller));
  });
  afterAll(async () => {
    await browser?.close();
    await sandbox.close();
  });

  const see = (selector: string, hasText?: string | RegExp) =>
    page
      .locator(selector, hasText === undefined ? {} : { hasText })
      .first()
      .waitFor();
  const tileOf = (region: string) => `[data-region="${region}"] .tile`;
  async function post(reading: Partial<Reading>): Promise<void> {
    const response = await fetch(`${sandbox.state().endpoints.proxy}/send`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(reading),
    });
    expect(response.status).toBe(200);
  }
  const received = async () =>
    Number((await page.locator('#totals [data-f="received"]').textContent())?.replace(/\D/g, ''));

  inBrowser('the three regions are there with their live sensors, counts, newest readings and the queue', async () => {
    await see('#link', /^live$/);
    for (const region of REGIONS) {
      await see(`${tileOf(region)}[data-state="live"]`, `edge-${region}-1`);
      await see(`[data-region="${region}"] [data-f="live"]`, /^1$/);
      await see(`[data-region="${region}"] .colors li`, '#112233');
    }
    await see('#totals [data-f="live"]', /^3$/);
    await see('#totals [data-f="waiting"]', /^\d+$/);
    await see('#feed li', 'edge-eu-1');
  });

  inBrowser('without JavaScript a line says what to do, and nothing looks as if it were loading', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await load(() => plain.goto(sandbox.state().endpoints.puller));
    await plain.locator('noscript p', { hasText: 'This page needs JavaScript' }).waitFor();
    expect(await plain.locator('main, #link').filter({ visible: true }).count()).toBe(0);
    await context.close();
  });

  inBrowser('three regions stand in one row or in three, and nothing is wider than the page', async () => {
    for (const [width, rows] of [
      [360, 3],
      [768, 1],
      [1280, 1],
    ] as const) {
      await page.setViewportSize({ width, height: 800 });
      const boxes = await Promise.all(REGIONS.map((region) => page.locator(`[data-region="${region}"]`).boundingBox()));
      expect([width, new Set(boxes.map((box) => box?.y)).size]).toEqual([width, rows]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
  });

  inBrowser('a new deployment takes over the tiles with its colour and what it measures', async () => {
    await sandbox.json(['deploy', 'publisher', '--color', '#00ff88', '--interval', '0.5', '--profile', 'weather']);
    for (const region of REGIONS) {
      const icon = `${tileOf(region)} .icon`;
      await see(`${icon}[data-color="#00ff88"]`);
      const background = `getComputedStyle(document.querySelector('${icon}')).backgroundColor`;
      await expect.poll(() => page.evaluate(background), { timeout: 5000 }).toBe('rgb(0, 255, 136)');
      expect(await page.locator(tileOf(region)).count()).toBe(1);
      await see(
        tileOf(region),
        /temperature -?\d+\.\d\d °Chumidity \d+\.\d\d %pressure [\d,]+\.\d\d hPawind_speed \d+\.\d\d m\/s/,
      );
    }
    await see('#feed li', /temperature -?\d[\d.]* °Chumidity \d/);
  });

  inBrowser(
    'the keyboard finds a sensor: its newest readings, its configuration with sources, its history',
    async () => {
      await page.keyboard.press('/');
      await page.keyboard.type('edge-e');
      expect(await page.locator('#found option').getAttribute('value')).toBe('edge-eu-1');
      await page.keyboard.press('Enter');
      await see('#details-title', /^edge-eu-1$/);
      expect(new URL(page.url()).hash).toBe('#region=eu&host=edge-eu-1');
      await see('#readings-head', 'wind_speed');
      await see('#details-readings tr');
      await see('#config-rows tr', /colour#00ff88flag/);
      await see('#config-rows tr', /interval0\.5 sflag/);
      await see('#details-facts', /statelive.*restarts/);
      await see('#details-charts .plot[aria-label^="temperature in °C: edge-eu-1 "]');
      // A link to it shows the same.
      await load(() => page.reload());
      await see('#details-charts .plot[aria-label^="temperature in °C: edge-eu-1 "]');
      await page.keyboard.press('/');
      expect(await page.locator('#found option[value="eu"]').textContent()).toBe('region, 1 sensor');
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await expect.poll(() => page.locator('#details').isVisible(), { timeout: 10_000 }).toBe(false);
      await page.goBack();
      await see('#details-title', /^edge-eu-1$/);
    },
  );

  inBrowser('charts of what was received before are there on load, with a crosshair and as tables', async () => {
    await load(() => page.goto(`${sandbox.state().endpoints.puller}/#`));
    await load(() => page.reload());
    const chart = (name: string) => `#fleet-charts .chart:has(.plot[aria-label^="${name}: "])`;
    // In the order of the panels and of the commands.
    for (const name of ['readings/s', 'temperature in °C']) {
      await see(`${chart(name)} .legend li:nth-child(1)`, /^us ?-?\d/);
      await see(`${chart(name)} .legend li:nth-child(3)`, /^as ?-?\d/);
    }
    const metrics = await page.locator('#fleet-charts [data-f="title"]').allTextContents();
    expect(metrics.slice(0, 2)).toEqual(['temperature, °C', 'humidity, %']);
    await see(`${chart('temperature in °C')} .beside`, /median -?\d+\.\d\d, furthest from it edge-\w+-1 -?\d/);
    await see(`${chart('lateness in ms')} .legend li`, /^us ?-?\d/);
    // It is noted every 5 s, and charts are loaded every 15 s. A range follows where messages have waited.
    const depth = page.locator(`${chart('waiting in the queue')} .legend li`, { hasText: /^[\d.,–]+$/ });
    await depth.waitFor({ timeout: 40_000 });
    await page.locator(`${chart('temperature in °C')} .u-over`).hover({ position: { x: 100, y: 50 } });
    await see(`${chart('temperature in °C')} .at`, /^\d\d:\d\d/);
    // The others follow it.
    await see(`${chart('readings/s')} .at`, /^\d\d:\d\d/);
    await page.locator(`${chart('temperature in °C')} summary`).click();
    await see(`${chart('temperature in °C')} thead`, /timeus.*eu.*as/);
    await see(`${chart('temperature in °C')} tbody tr`, /^\d\d:\d\d:\d\d/);
    await page.getByRole('button', { name: '1 h' }).click();
    await see(`${chart('temperature in °C')} tbody tr`, /^\d\d:\d\d[^:]/);
  });

  inBrowser(
    'with the operator token the page changes a region and cuts it; without, it shows no controls',
    async () => {
      const token = readFileSync(join(sandbox.stateDir, 'token'), 'utf8').trim();
      await page.locator('[data-region="eu"] h2 a').click();
      await see('#details-title', /^region eu$/);
      await page.getByLabel('Operator token').fill('wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await see('#sign-in-problem', 'not the operator token');
      for (const part of ['#changes', '#links']) expect(await page.locator(part).isVisible()).toBe(false);
      await page.getByLabel('Operator token').fill(token);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByLabel('Interval, s').fill('0.4');
      await page.getByRole('button', { name: 'Set interval' }).click();
      await see('#outcome', /^region eu: interval 0\.4 s: 1\/1 sensors follow \(/);
      await see('#config-rows tr', /interval0\.4 sregion eu/);
      // One value that all share, and what differs.
      await see('#config-rows tr', /colour#00ff88flag/);
      const enabled = (name: string) => page.getByRole('button', { name, exact: true }).isEnabled();
      expect([await enabled('Cut off'), await enabled('Reconnect')]).toEqual([true, false]);
      expect([await enabled('Pause'), await enabled('Resume')]).toEqual([true, false]);
      // Nothing is cut off by one click.
      await page.locator('#cut-region').click();
      await page.locator('#confirm').getByRole('button', { name: 'Cancel' }).click();
      await page.locator('#cut-region').click();
      await page.locator('#confirm').getByRole('button', { name: 'Cut off' }).click();
      await see('#outcome', /^region eu: cut: 1\/1 nodes cut off \(/);
      await see('[data-region="eu"] .cut');
      await expect.poll(() => enabled('Cut off'), { timeout: 5_000 }).toBe(false);
      // The keyboard is at what can be done next.
      await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('reconnect-region');
      await page.getByRole('button', { name: 'Reconnect' }).click();
      await see('#outcome', /1\/1 nodes connected \(/);
      expect(await accessibilityProblems(page)).toEqual([]);
      // What a narrower scope hides is said, and cleared.
      await sandbox.json(['config', 'set', '--host', 'edge-eu-1', 'interval=0.3']);
      await page.getByRole('button', { name: 'Set interval' }).click();
      await see('#outcome', /0\/1 sensors follow.*host edge-eu-1 has its own interval/s);
      await page.getByRole('button', { name: 'Clear that too' }).click();
      await see('#outcome', /1\/1 sensors follow/);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await see('#sign-in');
      expect(await page.locator('#changes').isVisible()).toBe(false);
      await load(() => page.goto(`${sandbox.state().endpoints.puller}/#`));
    },
  );

  inBrowser('the keyboard reaches every tile of a region with one stop, and opens its details', async () => {
    const send = (host: number) =>
      post({ execution_id: `e-${host}`, hostname: `host-${host}`, region: 'keys', sequence: 1 });
    await Promise.all(Array.from({ length: 12 }, (_, i) => send(i + 1)));
    const links = page.locator('[data-region="keys"] .tile a');
    await expect.poll(() => links.count(), { timeout: 10_000 }).toBe(12);
    expect(await page.locator('[data-region="keys"] .tile a[tabindex="0"]').count()).toBe(1);
    await links.first().focus();
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowLeft', 'Enter']) await page.keyboard.press(key);
    await see('#details-title', 'host-2');
    expect(await page.locator('.tile a[aria-current]').textContent()).toBe('host-2');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.tile a[aria-current]').count(), { timeout: 10_000 }).toBe(0);
  });

  inBrowser('a white and a black tile have an edge in both themes', async () => {
    for (const [sequence, color] of ['#ffffff', '#000000'].entries()) {
      await post({ execution_id: 'e-plain', sequence: sequence + 1, hostname: 'plain', region: 'lab', color });
      await see(`${tileOf('lab')} .icon[data-color="${color}"]`);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        for (const edge of await page.evaluate<number[]>(EDGES)) expect(edge, colorScheme).toBeGreaterThan(100);
      }
    }
  });

  inBrowser('the text of a reading stays text, and a region that nobody knew gets a panel', async () => {
    const region = '<i>lab</i>';
    await post({ execution_id: 'e-hostile', sequence: 1, hostname: HOSTILE, icon_name: '<b>', region });
    await see('.panel .tile .name', HOSTILE);
    await see('.panel h2', '<i>lab</i>');
    expect(await page.locator('img, i, .tile b').count()).toBe(0);
  });

  inBrowser('dead letters are counted beside the queue, and an alert until they are deleted', async () => {
    const server = sandbox.state().endpoints.queue!;
    const QueueUrl = `${server}/000000000000/${QUEUE_NAME}`;
    const headers = { 'x-amz-target': 'AmazonSQS.SendMessage' };
    await fetch(server, { method: 'POST', headers, body: JSON.stringify({ QueueUrl, MessageBody: 'no JSON' }) });
    await see('#alerts li', 'dead letters in the queue: 1');
    await see('#totals .bad', /^1 dead letter$/);
    expect(await page.title()).toMatch(/dead letters/);
    await page.getByRole('button', { name: 'Show the newest' }).click();
    await see('#letter-list li', /JSON.*no JSON.*wasm-sensors queue replay \S+/s);
    expect(await accessibilityProblems(page)).toEqual([]);
    await sandbox.json(['queue', 'purge', '--dead-letters', '--yes']);
    await see('#alerts li.over', 'no dead letters in the queue any more');
    await expect.poll(() => page.locator('#totals .bad', { hasText: 'dead' }).count(), { timeout: 20_000 }).toBe(0);
  });

  inBrowser('a region that is cut off raises an alert, also on a page opened later, until it is back', async () => {
    await sandbox.json(['region', 'disconnect', 'eu']);
    await see('#alerts li', /no reading from eu for \d+ s/);
    await see(`${tileOf('eu')}[data-state="silent"]`, 'silent');
    expect(await accessibilityProblems(page)).toEqual([]);
    await load(() => page.reload());
    await see('#alerts li', /no reading from eu for \d+ s/);
    // It is shown for some seconds, in which the command may not have ended.
    await Promise.all([see('#alerts li.over', /^eu /), sandbox.json(['region', 'reconnect', 'eu'])]);
  });

  inBrowser('a page of which a script did not arrive loads again by itself', async () => {
    await page.route('**/page/color.js', (route) => route.abort('failed'), { times: 1 });
    await load(() => page.reload());
    await see('#link', /^live$/);
  });

  inBrowser('a puller that is killed: the page says that it reconnects, and goes on by itself', async () => {
    const pid = sandbox.pidOf('puller');
    const before = await received();
    process.kill(pid, 'SIGKILL');
    await see('#link[data-state="reconnecting"]', 'reconnecting');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);
    await see('#link[data-state="live"]', 'live');
    await expect.poll(received, { timeout: 10_000 }).toBeGreaterThan(before + 5);
    for (const region of REGIONS) await see(`${tileOf(region)}[data-state="live"]`);
    expect(sandbox.pidOf('puller')).not.toBe(pid);
  });

  inBrowser('the feed can be held still', async () => {
    const newest = () => page.locator('#feed li').first().textContent();
    await see('#feed li');
    await page.getByRole('button', { name: 'Freeze' }).press('Enter');
    const held = await newest();
    const before = await received();
    await expect.poll(received, { timeout: 10_000 }).toBeGreaterThan(before + 5);
    expect(await newest()).toBe(held);
    await page.getByRole('button', { name: 'Freeze' }).press('Enter');
    await expect.poll(newest, { timeout: 10_000 }).not.toBe(held);
  });

  inBrowser('a hidden page reads alerts and summaries only, and is up to date when it is seen again', async () => {
    const asked = (path: string) => page.waitForRequest((request) => request.url().endsWith(path));
    const [quiet] = await Promise.all([asked('/events?kinds=alert,summary'), page.evaluate(setHidden(true))]);
    const before = await received();
    const now = async () => (await sandbox.fleet().summary()).total.received;
    await expect.poll(now, { timeout: 10_000 }).toBeGreaterThan(before + 5);
    expect(await received()).toBe(before);
    await Promise.all([asked('/events'), page.evaluate(setHidden(false))]);
    await expect.poll(received, { timeout: 10_000 }).toBeGreaterThan(before + 5);
    expect(quiet.method()).toBe('GET');
  });

  inBrowser('Ctrl-C ends `up` under an open page, which says so; the page never broke', async () => {
    const processes: ProcessId[] = [sandbox.state().up, ...sandbox.state().children];
    up.child.kill('SIGINT');
    expect(await up.ended).toEqual({ code: 130, signal: null });
    expect(processes.filter(isAlive)).toEqual([]);
    await see('#link[data-state="reconnecting"]');
    expect(complaints).toEqual([]);
  });
});

describe('the web page of a large fleet', () => {
  /** The page shows 10,000 of them. */
  const SENSORS = 10_200;
  const hub = new EventHub();
  const closed = new AbortController();
  const sequences = new Array<number>(SENSORS).fill(0);
  const timers: NodeJS.Timeout[] = [];
  let listener: Listener;
  let browser: Browser;

  function send(from: number, count: number): void {
    const now = Date.now();
    const readings = Array.from({ length: count }, (_, i): Reading => {
      const sensor = (from + i) % SENSORS;
      return {
        job_id: 'publisher',
        execution_id: `e-${sensor}`,
        icon_name: '🚀',
        timestamp: new Date(now).toISOString(),
        color: COLORS[sensor % COLORS.length]!,
        sequence: ++sequences[sensor]!,
        region: REGIONS[sensor % REGIONS.length]!,
        job_submission_time: 1,
        hostname: `edge-${sensor}`,
      };
    });
    hub.record(
      readings.map((reading) => ({
        id: '',
        body: '',
        message: { ...reading },
        reading,
        config: undefined,
        receivedAt: now,
      })),
    );
  }

  beforeAll(async () => {
    if (BROWSER === undefined) return;
    const depth = { visible: 1234, inFlight: 0, delayed: 0 };
    const queue = { name: 'readings', depth: async () => depth } as unknown as Queue;
    const app = createPullerApp({
      units: oneUnit(hub, { queue }),
      bus: hub,
      firing: () => [],
      closed: closed.signal,
      http: { page: createPage(undefined, undefined, BUILT), log: console.error },
    });
    listener = await listen({ fetch: app.fetch, host: '127.0.0.1', port: 0, purpose: 'puller', flag: '' });
    send(0, SENSORS);
    let next = 0;
    timers.push(
      // 5,000 readings a second.
      setInterval(() => {
        next += 250;
        send(next, 250);
      }, 50),
      setInterval(() => hub.publish({ event: 'summary', summary: hub.fleet.summary(Date.now()) }), 1000),
    );
    browser = await launchChromium(BROWSER);
  });
  afterAll(async () => {
    for (const timer of timers) clearInterval(timer);
    closed.abort();
    await browser?.close();
    await listener?.close();
  });

  inBrowser(
    '10,200 sensors that send 5,000 readings a second are a mosaic of most, and the page stays quick',
    async () => {
      const page = await browser.newPage();
      await load(() => page.goto(listener.url));
      const mosaic = page.getByRole('img', { name: /^3,\d{3} sensors/ });
      await mosaic.first().waitFor();
      expect(await mosaic.count()).toBe(3);
      await page.locator('#totals [data-f="live"]', { hasText: /^10,200$/ }).waitFor();
      await page.locator('#totals [data-f="waiting"]', { hasText: /^1,234$/ }).waitFor();
      await page.locator('#sampled', { hasText: 'a sample' }).waitFor();
      const frames = await page.evaluate<number>(FRAMES_IN_2_S);
      // 120 when nothing else runs; a machine that is busy with other tests gives fewer.
      expect(frames).toBeGreaterThan(20);
      expect(await page.locator('#feed li').count()).toBeLessThanOrEqual(10);
      expect(await page.locator('.tile').count()).toBe(0);
      const others = page.locator('.colors li', { hasText: /^other colours × \d+$/ });
      expect(await others.count()).toBe(3);
      expect(await others.first().getAttribute('data-color')).toBe('');
      await page
        .locator('.caption', { hasText: /; 3,\d{3} of 3,400 are shown/ })
        .first()
        .waitFor();
      const { sensors } = await new FleetClient(listener.url).snapshot({ limit: 10_000 });
      const known = new Set(sensors.map(({ hostname }) => hostname));
      const host = sequences.map((_, i) => `edge-${i}`).find((name) => !known.has(name))!;
      await page.keyboard.press('/');
      await page.keyboard.type(host);
      await page.keyboard.press('Enter');
      await page.locator('#details-title', { hasText: host }).waitFor();
      await page.locator('#details-facts', { hasText: 'live' }).waitFor();
    },
  );
});

/** How much the edges of the tile in `lab` and of its icon differ from the card below: sums of three colour channels. */
const EDGES = `(() => {
  const context = new OffscreenCanvas(1, 1).getContext('2d');
  const pixel = (...colors) => {
    for (const color of colors) {
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
    }
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const styleOf = (inside) => getComputedStyle(document.querySelector('[data-region="lab"]' + inside));
  const card = styleOf('').backgroundColor;
  return [' .tile', ' .tile .icon'].map((inside) => {
    const { borderBottomWidth, borderBottomColor } = styleOf(inside);
    const edge = pixel(card, borderBottomColor);
    return borderBottomWidth === '1px' ? pixel(card).reduce((sum, part, i) => sum + Math.abs(part - edge[i]), 0) : 0;
  });
})()`;

/** No flag of Chromium hides a page that a test looks at. */
const setHidden = (hidden: boolean) => `(() => {
  Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
})()`;

/** What axe-core finds in the page as it is. Only colours differ in the dark. */
async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const problems: string[] = [];
  for (const [colorScheme, rules] of [
    ['light', ''],
    ['dark', '{ runOnly: ["color-contrast"] }'],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate<AxeResults>(`axe.run(${rules})`);
    for (const { id, nodes } of violations) {
      problems.push(...nodes.map((node) => `${colorScheme}: ${id}: ${node.target}: ${node.failureSummary}`));
    }
  }
  return problems;
}

const FRAMES_IN_2_S = `new Promise((done) => {
  const began = performance.now();
  let frames = 0;
  const count = (now) => (frames++, now - began < 2000 ? requestAnimationFrame(count) : done(frames));
  requestAnimationFrame(count);
})`;

describe('the web page of a puller that other machines reach', () => {
  const sandbox = new Sandbox({ WASM_SENSORS_VIEWER_TOKEN: 'viewer-secret' });
  let browser: Browser;
  afterAll(async () => {
    await browser?.close();
    await sandbox.close();
  });

  inBrowser(
    'asks for a token, then shows the fleet live; the token is in no URL and out of reach of scripts',
    async () => {
      const up = await sandbox.run(['up', '-d', '--deploy', '--host', '0.0.0.0', ...(await Sandbox.portFlags())]);
      expect(up.stderr + up.code).toMatch(/0$/);
      browser = await launchChromium(BROWSER!);
      const page = await browser.newPage();
      page.setDefaultTimeout(30_000);
      const urls: string[] = [];
      page.on('request', (request) => urls.push(request.url()));
      await load(() => page.goto(sandbox.state().endpoints.puller));
      await page.getByLabel(/token/).fill('wrong');
      await page.getByRole('button').click();
      await page.getByRole('alert').waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      const token = readFileSync(join(sandbox.stateDir, 'token'), 'utf8').trim();
      await page.getByLabel(/token/).fill(token);
      await page.getByRole('button').click();
      await page.locator('#link', { hasText: 'live' }).waitFor();
      await page.locator('[data-region="eu"] .tile').first().waitFor();
      expect(await page.evaluate('document.cookie')).toBe('');
      expect(urls.filter((url) => url.includes(token))).toEqual([]);
      await page.goto(`${sandbox.state().endpoints.puller}/#region=eu`);
      await page.getByRole('button', { name: 'Cut off' }).waitFor();
      await page.context().clearCookies();
      // The next question for the depth of the queue finds out.
      await page.getByLabel(/token/).fill('viewer-secret');
      await page.getByRole('button').click();
      await page.locator('#link', { hasText: 'live' }).waitFor();
      await page.goto(`${sandbox.state().endpoints.puller}/#region=eu`);
      await page.locator('#config-rows tr', { hasText: /interval/ }).waitFor();
      for (const part of ['#changes', '#links']) expect(await page.locator(part).isVisible()).toBe(false);
      // Who only reads can sign out, too.
      expect(await page.locator('#sign-out').isVisible()).toBe(true);
      await page.getByLabel('Operator token').fill('viewer-secret');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.locator('#sign-in-problem', { hasText: 'this token only reads' }).waitFor();
      expect(await page.locator('#changes').isVisible()).toBe(false);
    },
  );
});

/** Chromium ends what it loads when network interfaces come and go, as those of the containers of other tests do. */
async function load(navigate: () => Promise<unknown>): Promise<void> {
  try {
    await navigate();
  } catch (error) {
    if (!String(error).includes('ERR_NETWORK_CHANGED')) throw error;
    await load(navigate);
  }
}
