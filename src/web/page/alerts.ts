/** Alerts as the puller sends them: when they begin, when they end, and to a page that is opened in between. */
import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { MissingPart, RegionView } from '../../fleet/fleet-view.js';
import { byId, create } from './dom.js';
import { clock, withNpx } from './format.js';

const OVER_SHOWN_MS = 8_000;

/** By type and what each is about. */
const alerts = new Map<string, { node: HTMLElement; alert: AlertEvent }>();

const regionOf = (alert: AlertEvent) => ('region' in alert ? alert.region : undefined);

export function showAlert(alert: AlertEvent): void {
  const text = withNpx(alert.text);
  const key = [
    alert.type,
    regionOf(alert),
    'relay' in alert && alert.relay,
    'puller' in alert && alert.puller,
    'shard' in alert && alert.shard,
  ].join('\n');
  if (!alert.firing) {
    end(key, text);
    return;
  }
  const node = create('li', '', text, create('span', 'dim', `since ${clock(alert.at)}`));
  // After a lost connection the puller sends it again.
  alerts.get(key)?.node.remove();
  alerts.set(key, { node, alert });
  byId('alerts').append(node);
  setTitle();
}

/** Says which parts of the fleet the numbers on the page do not have. */
export function showMissing(missing: MissingPart[] = []): void {
  const shards = missing.flatMap((part) => part.shards).sort((a, b) => a - b);
  const text = shards.length === 0 ? '' : `not in these numbers: shards ${shards.join(', ')} (${missing[0]?.why})`;
  const shown = document.getElementById('missing');
  if (shown?.textContent === text) return;
  shown?.remove();
  if (text === '') return;
  const node = create('li', '', text);
  node.id = 'missing';
  byId('alerts').append(node);
}

/** A restarted puller has forgotten its alerts: ends those that its summary shows to be over. */
export function endAlertsOf(regions: RegionView[]): void {
  for (const [key, { alert }] of alerts) {
    if (alert.type !== 'region.silent') continue;
    const { region } = alert;
    const view = regions.find((other) => other.region === region);
    if (!view || view.last_seen > alert.at || view.live + view.silent === 0) end(key, `${region} is no longer silent`);
  }
}

function end(key: string, text: string): void {
  const node = alerts.get(key)?.node;
  if (!node) return;
  alerts.delete(key);
  node.className = 'over';
  node.textContent = text;
  setTimeout(() => node.remove(), OVER_SHOWN_MS);
  setTitle();
}

/** Shows alerts in the title of the browser tab. */
function setTitle(): void {
  const names = [...alerts.values()].map(({ alert }) => regionOf(alert) ?? alert.type.replace('-', ' '));
  document.title = names.length > 0 ? `▲ ${names.join(', ')} – wasm-sensors` : 'wasm-sensors';
}
