/** Passes the puller's events to the parts of the page. */
/** @import { FleetEvent } from '../../fleet/fleet-events.js' */
/** @import { FleetSummary } from '../../fleet/fleet-view.js' */
import { endAlertsOf, showAlert } from './alerts.js';
import { stayConnected } from './connection.js';
import { listenToControls } from './controls.js';
import { drawDetails, listenToSelection, showInDetails, showSummaryInDetails } from './details.js';
import { byId, setText } from './dom.js';
import { drawFeed, feed, listenToPause, showSampled } from './feed.js';
import { listenToSpan, showFleetCharts } from './fleetcharts.js';
import { addDrawing, draw } from './frames.js';
import { listenToLetters } from './letters.js';
import { addKnownRegions, changePanels, drawPanels, showInPanel, showPanels } from './panels.js';
import { listenToSearch } from './search.js';
import { isBehind, loadFleet, mayLoadAgain, observe } from './sensors.js';
import { loadDepth, showTotals } from './totals.js';

/** Any sender can name regions, so further ones are only counted. */
const MAX_REGIONS = 12;
const DEPTH_EVERY_MS = 2_000;

/** @param {FleetEvent} event */
function handle(event) {
  switch (event.event) {
    case 'reading': {
      const seen = observe(event.reading);
      if (seen) showInPanel(seen);
      feed(event);
      showInDetails(event);
      break;
    }
    case 'message':
      feed(event);
      break;
    case 'alert':
      showAlert(event);
      break;
    case 'summary':
      showSummary(event.summary);
  }
}

/** @param {FleetSummary} summary */
function showSummary({ regions, total }) {
  endAlertsOf(regions);
  // The first summary after the page is seen again follows within a second.
  if (document.hidden) return;
  const shown = regions.slice(0, MAX_REGIONS);
  showPanels(shown, regions.length - shown.length);
  showTotals(total);
  showSummaryInDetails(total);
  showFleetCharts(total);
  showSampled();
  if (mayLoadAgain() && isBehind(shown)) void load();
}

async function load() {
  const summary = await loadFleet();
  if (!summary) return;
  showSummary(summary);
  changePanels();
  draw();
}

/** @param {'live' | 'reconnecting'} state */
function showState(state) {
  byId('link').dataset.state = state;
  setText(byId('link'), state);
  byId('main').classList.toggle('stale', state === 'reconnecting');
}

addDrawing(drawFeed);
addDrawing(drawDetails);
addDrawing(drawPanels);
addKnownRegions();
listenToPause();
listenToSearch();
listenToControls();
listenToSelection();
listenToLetters();
listenToSpan();
stayConnected({ state: showState, missed: () => void load(), event: handle });
void loadDepth();
setInterval(() => void loadDepth(), DEPTH_EVERY_MS);
