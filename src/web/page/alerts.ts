/** Alerts as the puller sends them: when they begin, when they end, and to a page that is opened in between. */
import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { RegionView } from '../../fleet/fleet-view.js';
import { byId, create } from './dom.js';
import { clock, withNpx } from './format.js';

const OVER_SHOWN_MS = 8_000;

interface ShownAlert {
  node: HTMLElement;
  /** Of a silence. */
  region: string | undefined;
  /** For the title. */
  name: string;
  at: number;
}

/** By type and region. */
const alerts = new Map<string, ShownAlert>();

export function showAlert(alert: AlertEvent): void {
  const { type, firing, at } = alert;
  const text = withNpx(alert.text);
  const region = 'region' in alert ? alert.region : undefined;
  const key = `${type}\n${region}`;
  if (!firing) {
    end(key, text);
    return;
  }
  const node = create('li', '', text, create('span', 'dim', `since ${clock(at)}`));
  // After a lost connection the puller sends it again.
  alerts.get(key)?.node.remove();
  alerts.set(key, { node, region, name: region ?? type.replace('-', ' '), at });
  byId('alerts').append(node);
  setTitle();
}

/** A restarted puller has forgotten its alerts: ends those that its summary shows to be over. */
export function endAlertsOf(regions: RegionView[]): void {
  for (const [key, { region, at }] of alerts) {
    if (region === undefined) continue;
    const view = regions.find((other) => other.region === region);
    if (!view || view.last_seen > at || view.live + view.silent === 0) end(key, `${region} is no longer silent`);
  }
}

function end(key: string, text: string): void {
  const alert = alerts.get(key);
  if (!alert) return;
  alerts.delete(key);
  alert.node.className = 'over';
  alert.node.textContent = text;
  setTimeout(() => alert.node.remove(), OVER_SHOWN_MS);
  setTitle();
}

/** Shows alerts in the title of the browser tab. */
function setTitle(): void {
  const names = [...alerts.values()].map(({ name }) => name);
  document.title = names.length > 0 ? `▲ ${names.join(', ')} – wasm-sensors` : 'wasm-sensors';
}
