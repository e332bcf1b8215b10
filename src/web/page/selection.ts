/** What is selected: the fleet, a region or a sensor's host. It is the fragment of the URL, so links and "back" work. */

/** Without a region it is the whole fleet. */
export interface Selection {
  region?: string;
  host?: string;
}

/** Undefined: nothing is selected. */
function selected(): Selection | undefined {
  if (location.hash === '#fleet') return {};
  const { region, host } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (!region) return undefined;
  return host ? { region, host } : { region };
}

export function select(selection: Selection | undefined): void {
  if (selection !== undefined) {
    location.hash = hashOf(selection);
    return;
  }
  history.pushState(null, '', location.pathname);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

/** As a query of the puller has it. */
export const placeQuery = ({ region, host }: Selection) =>
  new URLSearchParams({ ...(region === undefined ? {} : { region }), ...(host === undefined ? {} : { host }) });

export const hashOf = (selection: Selection): string =>
  selection.region === undefined ? '#fleet' : `#${placeQuery(selection)}`;

/** For people. */
export const nameOf = ({ region, host }: Selection): string =>
  host ?? (region === undefined ? 'all sensors' : `region ${region}`);

/** Whether a sensor is selected, by itself or with others. */
export const isIn = ({ region, host }: Selection, sensor: { region: string; hostname: string }): boolean =>
  (region === undefined || region === sensor.region) && (host === undefined || host === sensor.hostname);

/** Calls it now and whenever something else is selected. */
export function onSelect(show: (selection: Selection | undefined) => void): void {
  addEventListener('hashchange', () => show(selected()));
  show(selected());
}
