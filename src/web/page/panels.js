/** The panels of all regions, in the order in which they became known. */
/** @import { RegionView } from '../../fleet/fleet-view.js' */
/** @import { PanelCounts } from './panel.js' */
/** @import { ShownSensor } from './sensors.js' */
import { byId, setText } from './dom.js';
import { whole } from './format.js';
import { Panel } from './panel.js';

/** Always shown, even without sensors. */
const KNOWN_REGIONS = new Map([
  ['us', 'United States'],
  ['eu', 'Europe'],
  ['as', 'Asia'],
]);
/** @type {PanelCounts} */
const NOTHING = {
  cut: false,
  live: 0,
  paused: 0,
  silent: 0,
  rate: 0,
  received: 0,
  gaps: 0,
  late: 0,
  duplicates: 0,
  colors: [],
};

/** @type {Map<string, Panel>} */
const panels = new Map();

/** @param {string} region */
function addPanel(region) {
  const panel = new Panel(region, { id: `panel-${panels.size}`, place: KNOWN_REGIONS.get(region) ?? '' });
  panels.set(region, panel);
  byId('panels').append(panel.node);
}

export function addKnownRegions() {
  for (const region of KNOWN_REGIONS.keys()) addPanel(region);
}

/**
 * A reading of this sensor arrived.
 * @param {{ sensor: ShownSensor, isNew: boolean }} seen
 */
export function showInPanel({ sensor, isNew }) {
  const panel = panels.get(sensor.region);
  if (isNew) panel?.change();
  panel?.showArrival(sensor);
}

export function changePanels() {
  for (const panel of panels.values()) panel.change();
}

/**
 * @param {RegionView[]} regions the regions of the summary that are shown
 * @param {number} hidden how many others there are
 */
export function showPanels(regions, hidden) {
  const more = `${whole(hidden)} more regions are only in the counts of the fleet.`;
  setText(byId('more-regions'), hidden > 0 ? more : '');
  for (const { region } of regions) if (!panels.has(region)) addPanel(region);
  // A restarted puller may no longer know a region.
  for (const [region, panel] of panels) panel.showCounts(regions.find((view) => view.region === region) ?? NOTHING);
}

/**
 * See frames.js.
 * @param {number} now
 */
export function drawPanels(now) {
  let more = false;
  for (const panel of panels.values()) more = panel.draw(now) || more;
  return more;
}
