/** What the puller says, brought to the parts of the page. */
import { endAlertsOf, showAlert } from './alerts.js';
import { stayConnected } from './connection.js';
import { byId, setText } from './dom.js';
import { drawFeed, feed, listenToPause, showSampled } from './feed.js';
import { addDrawing, draw } from './frames.js';
import { addKnownRegions, arriveInPanel, changePanels, drawPanels, showPanels } from './panels.js';
import { isBehind, observe } from './sensors.js';
import { loadFleet, mayLoadAgain } from './snapshot.js';
import { showTable } from './table.js';
import { askDepth, drawSpark, showTotals } from './totals.js';

/** Anybody who may send can name regions; more than this are only counted. */
const MAX_REGIONS = 12;
const DEPTH_EVERY_MS = 2_000;

const handlers = {
  reading(event) {
    const seen = observe(event.reading);
    if (seen) arriveInPanel(seen);
    feed(event);
  },
  message: feed,
  alert: showAlert,
  summary({ summary }) {
    showSummary(summary);
    drawSpark(summary.total.rate);
  },
};

function showSummary({ regions, total }) {
  const shown = regions.slice(0, MAX_REGIONS);
  showPanels(shown);
  showTable(shown, regions.length - shown.length, total);
  showTotals(total);
  showSampled(total.rate);
  endAlertsOf(regions);
  if (mayLoadAgain() && isBehind(shown)) load();
}

async function load() {
  const summary = await loadFleet();
  if (!summary) return;
  showSummary(summary);
  changePanels();
  draw();
}

function showState(state) {
  byId('link').dataset.state = state;
  setText(byId('link'), state);
  byId('main').classList.toggle('stale', state === 'reconnecting');
}

addDrawing(drawFeed);
addDrawing(drawPanels);
addKnownRegions();
listenToPause();
stayConnected({ state: showState, missed: load, event: (event) => handlers[event.event]?.(event) });
askDepth();
setInterval(askDepth, DEPTH_EVERY_MS);
