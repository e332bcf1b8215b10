/** The search field: finds regions and sensors by a part of their name. `/` leads to it, arrows and Enter select. */
/** @import { Selection } from './selection.js' */
import { byId, create } from './dom.js';
import { byNumber } from './format.js';
import { select } from './selection.js';
import { allSensors } from './sensors.js';

const MAX_FOUND = 8;

/** @typedef {{ selection: Selection, name: string, about: string }} Found */

/** @type {Found[]} */
let found = [];
/** Index of the option that Enter selects. */
let current = 0;

const field = () => /** @type {HTMLInputElement} */ (byId('search'));

export function listenToSearch() {
  field().addEventListener('input', look);
  field().addEventListener('focus', look);
  field().addEventListener('keydown', press);
  field().addEventListener('blur', close);
  // Before the field loses the focus.
  byId('found').addEventListener('pointerdown', (event) => {
    const option = /** @type {Element} */ (event.target).closest('[role]');
    event.preventDefault();
    if (option) take(found[[...byId('found').children].indexOf(option)]);
  });
  addEventListener('keydown', (event) => {
    const typing = /** @type {Element} */ (event.target).closest('input, select, textarea, [contenteditable]');
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field().focus();
  });
}

function look() {
  found = find(field().value.trim().toLowerCase());
  current = 0;
  show();
}

/**
 * The fleet and the regions first; names that begin with the text before others.
 * @param {string} text
 * @returns {Found[]}
 */
function find(text) {
  /** @type {Map<string, Found>} */
  const hosts = new Map();
  /** @type {Map<string, number>} */
  const regions = new Map();
  for (const { region, hostname } of allSensors()) {
    regions.set(region, (regions.get(region) ?? 0) + 1);
    const key = `${region}\n${hostname}`;
    if (hostname.toLowerCase().includes(text) && !hosts.has(key)) {
      hosts.set(key, { selection: { region, host: hostname }, name: hostname, about: region });
    }
  }
  const places = [...regions]
    .filter(([region]) => region.toLowerCase().includes(text))
    .map(([region, sensors]) => ({ selection: { region }, name: region, about: `region, ${sensors} sensors` }));
  const fleet = 'all sensors'.includes(text) ? [{ selection: {}, name: 'all sensors', about: 'the fleet' }] : [];
  const begins = (/** @type {Found} */ one) => (one.name.toLowerCase().startsWith(text) ? 0 : 1);
  const sorted = [...hosts.values()].sort((a, b) => begins(a) - begins(b) || byNumber(a.name, b.name));
  return [...fleet, ...places.sort((a, b) => byNumber(a.name, b.name)), ...sorted].slice(0, MAX_FOUND);
}

function show() {
  const list = byId('found');
  const options = found.map(({ name, about }, i) => {
    const option = create('div', '');
    option.id = `found-${i}`;
    option.role = 'option';
    option.ariaSelected = String(i === current);
    option.append(create('b', '', name), create('span', 'dim', about));
    return option;
  });
  list.replaceChildren(...(options.length > 0 ? options : [nothing()]));
  list.hidden = false;
  field().setAttribute('aria-expanded', 'true');
  if (options.length > 0) field().setAttribute('aria-activedescendant', `found-${current}`);
  else field().removeAttribute('aria-activedescendant');
}

function nothing() {
  const option = create('div', 'dim', 'no sensor or region has this name');
  option.role = 'option';
  option.ariaDisabled = 'true';
  return option;
}

function close() {
  byId('found').hidden = true;
  field().setAttribute('aria-expanded', 'false');
  field().removeAttribute('aria-activedescendant');
}

/** @param {KeyboardEvent} event */
function press(event) {
  const { key } = event;
  if (key === 'ArrowDown' || key === 'ArrowUp') {
    event.preventDefault();
    if (byId('found').hidden) return look();
    const count = found.length;
    if (count > 0) current = (current + (key === 'ArrowDown' ? 1 : count - 1)) % count;
    show();
  }
  if (key === 'Enter') take(found[current]);
  if (key === 'Escape') {
    event.stopPropagation();
    field().value = '';
    field().blur();
  }
}

/** @param {Found | undefined} one */
function take(one) {
  if (!one) return;
  field().value = '';
  field().blur();
  select(one.selection);
}
