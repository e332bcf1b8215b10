/** The panels of all regions, in the order in which the page came to know them. */
import { byId } from './dom.js';
import { Panel } from './panel.js';

/** There from the start, with or without sensors. */
const KNOWN_REGIONS = new Map([
  ['us', 'United States'],
  ['eu', 'Europe'],
  ['as', 'Asia'],
]);
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

function addPanel(region) {
  const panel = new Panel(region, { id: `panel-${panels.size}`, place: KNOWN_REGIONS.get(region) ?? '' });
  panels.set(region, panel);
  byId('panels').append(panel.node);
}

export function addKnownRegions() {
  for (const region of KNOWN_REGIONS.keys()) addPanel(region);
}

/** A reading of this sensor arrived. */
export function arriveInPanel({ sensor, isNew }) {
  const panel = panels.get(sensor.region);
  if (isNew) panel?.change();
  panel?.arrive(sensor);
}

export function changePanels() {
  for (const panel of panels.values()) panel.change();
}

/** `regions`: those of the puller's summary that are shown. */
export function showPanels(regions) {
  for (const { region } of regions) if (!panels.has(region)) addPanel(region);
  // A puller that was started anew may not know a region any more.
  for (const [region, panel] of panels) panel.showCounts(regions.find((view) => view.region === region) ?? NOTHING);
}

/** See frames.js. */
export function drawPanels(now) {
  let more = false;
  for (const panel of panels.values()) more = panel.draw(now) || more;
  return more;
}
