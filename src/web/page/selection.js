/** What is selected: the fleet, a region or a sensor's host. It is the fragment of the URL, so links and "back" work. */

/** @typedef {{ region?: string, host?: string }} Selection Without a region it is the whole fleet. */

/** @returns {Selection | undefined} undefined: nothing is selected */
function selected() {
  if (location.hash === '#fleet') return {};
  const { region, host } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (!region) return undefined;
  return host ? { region, host } : { region };
}

/** @param {Selection | undefined} selection */
export function select(selection) {
  if (selection === undefined) history.pushState(null, '', location.pathname);
  else location.hash = hashOf(selection);
  if (selection === undefined) dispatchEvent(new HashChangeEvent('hashchange'));
}

/** @param {Selection} selection */
export function hashOf({ region, host }) {
  if (region === undefined) return '#fleet';
  return `#${new URLSearchParams(host === undefined ? { region } : { region, host })}`;
}

/**
 * For people.
 * @param {Selection} selection
 */
export const nameOf = ({ region, host }) => host ?? (region === undefined ? 'all sensors' : `region ${region}`);

/**
 * Calls it now and whenever something else is selected.
 * @param {(selection: Selection | undefined) => void} show
 */
export function onSelect(show) {
  addEventListener('hashchange', () => show(selected()));
  show(selected());
}
