/** Passes the puller's events to the parts of the page. */
import type { FleetEvent } from '../../fleet/fleet-events.js';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import { endAlertsOf, showAlert, showMissing } from './alerts.js';
import { listenToSpan, showFleetCharts } from './charts.js';
import { type ConnectionState, stayConnected } from './connection.js';
import { listenToControls } from './controls.js';
import { drawDetails, listenToSelection, showInDetails, showSummaryInDetails } from './details.js';
import { byId, setText } from './dom.js';
import { addDrawings, draw } from './draw.js';
import { drawFeed, feed, listenToFreeze, showSampled } from './feed.js';
import { addKnownRegions, changePanels, drawPanels, showInPanel, showPanels } from './panels.js';
import { listenToQueue } from './queue.js';
import { observeRegions } from './regions.js';
import { listenToSearch } from './search.js';
import { isBehind, loadFleet, mayLoadAgain, observe } from './sensors.js';

function handle(event: FleetEvent): void {
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

function showSummary(summary: FleetSummary): void {
  const { regions } = summary;
  if (!summary.missing) endAlertsOf(regions);
  showMissing(summary.missing);
  // The first summary after the page is seen again follows within a second.
  if (document.hidden) return;
  observeRegions(regions);
  showPanels(summary);
  showFleetCharts(summary.total);
  showSummaryInDetails();
  showSampled();
  if (mayLoadAgain() && isBehind(regions)) void load();
}

async function load(): Promise<void> {
  const summary = await loadFleet();
  if (!summary) return;
  changePanels();
  showSummary(summary);
  draw();
}

function showState(state: ConnectionState): void {
  byId('link').dataset.state = state;
  setText(byId('link'), state);
  byId('main').classList.toggle('stale', state === 'reconnecting');
}

addDrawings(drawFeed, drawDetails, drawPanels);
addKnownRegions();
listenToFreeze();
listenToSearch();
listenToSpan();
listenToControls();
listenToSelection();
listenToQueue();
stayConnected({ state: showState, missed: () => void load(), event: handle });
