/** Which rows a view has, and which of them is selected. Pure. */
import type { RegionView, SensorView } from '../../fleet/fleet-view.js';
import type { Scope } from '../../protocol/desired-config.js';
import type { ScreenData } from './screen-data.js';
import type { ScreenState } from './screen-state.js';

type Filtered = Pick<ScreenState, 'filter'>;

export const shownRegions = ({ filter }: Filtered, { summary }: ScreenData): RegionView[] =>
  summary?.regions.filter(({ region }) => matches(filter, region)) ?? [];

export const shownServices = ({ filter }: Filtered, { services }: ScreenData): ScreenData['services'] =>
  services.filter(({ name }) => matches(filter, name));

/** Those of the time when scrolling began, where it did. */
export function shownReadings({ filter, held }: Pick<ScreenState, 'filter' | 'held'>, data: ScreenData) {
  const all = held ?? data.readings;
  if (filter === '') return all;
  return all.filter((event) => {
    if (event.event === 'message') return matches(filter, JSON.stringify(event.message));
    const { region, hostname, color, execution_id } = event.reading;
    return matches(filter, region, hostname, color, execution_id);
  });
}

export function shownSensors({ filter }: Filtered, { sensors }: ScreenData): SensorView[] {
  if (filter === '') return sensors;
  return sensors.filter((sensor) =>
    matches(filter, sensor.region, sensor.hostname, sensor.state, sensor.color, sensor.execution_id),
  );
}

export const matches = (filter: string, ...values: string[]): boolean =>
  values.join(' ').toLowerCase().includes(filter.toLowerCase());

/** The keys of the rows of the view; none where nothing is selected. */
function rowKeys(state: ScreenState, data: ScreenData): string[] {
  switch (state.view) {
    case 'fleet':
      return [...shownRegions(state, data).map(({ region }) => region), ''];
    case 'sensors':
      return shownSensors(state, data).map(({ execution_id }) => execution_id);
    case 'services':
      return shownServices(state, data).map(({ name }) => name);
    default:
      return [];
  }
}

/** Index of the selected row; the first (of the fleet: the whole fleet) when nothing that is shown was selected. */
export function selectedIndex(state: ScreenState, data: ScreenData): number {
  const keys = rowKeys(state, data);
  return Math.max(0, keys.indexOf(state.selected[state.view] ?? ''));
}

const selectedKey = (state: ScreenState, data: ScreenData) => rowKeys(state, data)[selectedIndex(state, data)];

export function selectedSensor(state: ScreenState, data: ScreenData): SensorView | undefined {
  if (state.view !== 'sensors') return undefined;
  return shownSensors(state, data)[selectedIndex(state, data)];
}

/** What a change of the selection changes. */
export function selectedScope(state: ScreenState, data: ScreenData): Scope | undefined {
  if (state.view === 'fleet') {
    const region = selectedKey(state, data);
    return region ? { region } : {};
  }
  const sensor = selectedSensor(state, data);
  return sensor && { hostname: sensor.hostname };
}

/** The region that is selected, or that of the selected sensor. */
export function selectedRegion(state: ScreenState, data: ScreenData): string | undefined {
  if (state.view === 'fleet') return selectedKey(state, data) || undefined;
  return selectedSensor(state, data)?.region;
}

/** Whether nothing of the scope sends because it is paused. */
export function isPaused(scope: Scope, state: ScreenState, data: ScreenData): boolean {
  const { summary } = data;
  if ('hostname' in scope) return selectedSensor(state, data)?.state === 'paused';
  const counts = 'region' in scope ? summary?.regions.find(({ region }) => region === scope.region) : summary?.total;
  return counts !== undefined && counts.paused > 0 && counts.live === 0;
}

/** Selects another row, or scrolls where there are no rows to select. */
export function moveBy(state: ScreenState, data: ScreenData, by: number): ScreenState {
  const keys = rowKeys(state, data);
  if (keys.length === 0 || (state.view === 'services' && state.detail)) {
    const scrolled = Math.max(0, Math.min(lineCount(state, data), state.scrolled - by));
    return { ...state, scrolled, held: scrolled > 0 ? (state.held ?? [...data.readings]) : undefined };
  }
  const index = Math.min(keys.length - 1, Math.max(0, selectedIndex(state, data) + by));
  return { ...state, scrolled: 0, selected: { ...state.selected, [state.view]: keys[index]! } };
}

/** How far up there is something to scroll to. */
function lineCount({ view, held }: ScreenState, data: ScreenData): number {
  if (view === 'readings') return (held ?? data.readings).length - 1;
  return (view === 'services' ? data.log.length : data.alerts.length + data.notes.length) - 1;
}

/** The service whose log is shown. */
export function selectedService(state: ScreenState, data: ScreenData): string | undefined {
  return state.view === 'services' ? selectedKey(state, data) : undefined;
}
