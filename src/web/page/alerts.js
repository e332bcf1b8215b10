/** What is wrong now, as the puller says it: when it begins, when it is over, and to a page that is opened between. */
import { byId, create } from './dom.js';
import { clock } from './format.js';

const OVER_SHOWN_MS = 8_000;

const alerts = new Map();

export function showAlert({ rule, region, firing, text, at }) {
  const key = `${rule}\n${region}`;
  if (!firing) return end(key, text);
  const node = create('li', '', text);
  node.append(create('span', 'dim', `since ${clock(at)}`));
  // After a lost connection it is told again.
  alerts.get(key)?.node.remove();
  alerts.set(key, { node, region, at });
  byId('alerts').append(node);
  nameWindow();
}

/** A puller that was restarted no longer knows what it had said: ends what its summary shows to be over. */
export function endAlertsOf(regions) {
  for (const [key, { region, at }] of alerts) {
    const view = regions.find((other) => other.region === region);
    if (!view || view.last_seen > at || view.live + view.silent === 0) end(key, `${region} is no longer silent`);
  }
}

function end(key, text) {
  const alert = alerts.get(key);
  if (!alert) return;
  alerts.delete(key);
  alert.node.className = 'over';
  alert.node.textContent = text;
  setTimeout(() => alert.node.remove(), OVER_SHOWN_MS);
  nameWindow();
}

/** So that an alert is seen from another tab. */
function nameWindow() {
  const regions = [...alerts.values()].map(({ region }) => region);
  document.title = regions.length > 0 ? `▲ ${regions.join(', ')} – wasm-sensors` : 'wasm-sensors';
}
