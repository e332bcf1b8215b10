/** The search field: finds regions and sensors by a part of their name. `/` leads to it, arrows and Enter select. */
import { byId, create, find } from './dom.js';
import { byNumber } from './format.js';
import { compareRegions } from './regions.js';
import { type Selection, select } from './selection.js';
import { sensorsIn } from './sensors.js';

const MAX_FOUND = 8;

interface Found {
  selection: Selection;
  name: string;
  about: string;
}

let found: Found[] = [];
/** Index of the option that Enter selects. */
let current = 0;

const field = () => find(document, '#search', HTMLInputElement);

export function listenToSearch(): void {
  field().addEventListener('input', search);
  field().addEventListener('focus', search);
  field().addEventListener('keydown', onKey);
  field().addEventListener('blur', close);
  // Before the field loses the focus.
  byId('found').addEventListener('pointerdown', (event) => {
    event.preventDefault();
    const { target } = event;
    const options = [...byId('found').children];
    choose(found[options.findIndex((option) => target instanceof Node && option.contains(target))]);
  });
  addEventListener('keydown', (event) => {
    const { target } = event;
    const elsewhere = target instanceof Element && target.closest('input, select, textarea, dialog, [contenteditable]');
    if (event.key !== '/' || elsewhere || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field().focus();
  });
}

function search(): void {
  found = matching(field().value.trim().toLowerCase());
  current = 0;
  show();
}

/** The fleet and the regions first; names that begin with the text before others. */
function matching(text: string): Found[] {
  const hosts = new Map<string, Found>();
  const regions = new Map<string, number>();
  for (const { region, hostname } of sensorsIn({})) {
    regions.set(region, (regions.get(region) ?? 0) + 1);
    const key = `${region}\n${hostname}`;
    if (hostname.toLowerCase().includes(text) && !hosts.has(key)) {
      hosts.set(key, { selection: { region, host: hostname }, name: hostname, about: region });
    }
  }
  const fleet = 'all sensors'.includes(text) ? [{ selection: {}, name: 'all sensors', about: 'the fleet' }] : [];
  const places = [...regions]
    .filter(([region]) => region.toLowerCase().includes(text))
    .map(([region, sensors]) => ({ selection: { region }, name: region, about: `region, ${sensors} sensors` }))
    .sort((a, b) => compareRegions(a.name, b.name));
  const begins = (one: Found) => (one.name.toLowerCase().startsWith(text) ? 0 : 1);
  const sorted = [...hosts.values()].sort((a, b) => begins(a) - begins(b) || byNumber(a.name, b.name));
  return [...fleet, ...places, ...sorted].slice(0, MAX_FOUND);
}

function show(): void {
  const options = found.map(({ name, about }, i) => {
    const option = create('div', '', create('b', '', name), create('span', 'dim', about));
    return Object.assign(option, { id: `found-${i}`, role: 'option', ariaSelected: String(i === current) });
  });
  const nothing = Object.assign(create('div', 'dim', 'no sensor or region has this name'), {
    role: 'option',
    ariaDisabled: 'true',
  });
  byId('found').replaceChildren(...(options.length > 0 ? options : [nothing]));
  byId('found').hidden = false;
  field().ariaExpanded = 'true';
  if (options.length > 0) field().setAttribute('aria-activedescendant', `found-${current}`);
  else field().removeAttribute('aria-activedescendant');
}

function close(): void {
  byId('found').hidden = true;
  field().ariaExpanded = 'false';
  field().removeAttribute('aria-activedescendant');
}

function onKey(event: KeyboardEvent): void {
  const { key } = event;
  if (key === 'ArrowDown' || key === 'ArrowUp') {
    event.preventDefault();
    const count = found.length;
    const step = key === 'ArrowDown' ? 1 : count - 1;
    if (byId('found').hidden) search();
    else if (count > 0) current = (current + step) % count;
    show();
  }
  if (key === 'Enter') choose(found[current]);
  if (key === 'Escape') {
    event.stopPropagation();
    leave();
  }
}

function choose(one: Found | undefined): void {
  if (!one) return;
  leave();
  select(one.selection);
}

function leave(): void {
  field().value = '';
  field().blur();
}
